"""Surveys: what is asked, after which tickets, and when."""

from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from feedback.models.department import ReasonCode
from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Inbox


class SurveyKind(models.TextChoices):
    """What is measured; each kind has its scale."""

    CSAT = "csat", _("Satisfaction (CSAT)")
    CES = "ces2", _("Effort (CES 2.0)")
    NPS = "nps", _("Recommendation (NPS)")
    OWN = "own", _("A question of your own")


class AskedBy(models.TextChoices):
    """By which way people are asked."""

    THERE = "there", _("where they wrote, else by mail")
    MAIL = "mail", _("by mail")


#: the words of each step, worst first, so that no score is a bare number
SCALES: dict[str, dict[int, str | Promise]] = {
    SurveyKind.CSAT: {
        1: pgettext_lazy("survey answer", "very dissatisfied"),
        2: pgettext_lazy("survey answer", "dissatisfied"),
        3: pgettext_lazy("survey answer", "neither satisfied nor dissatisfied"),
        4: pgettext_lazy("survey answer", "satisfied"),
        5: pgettext_lazy("survey answer", "very satisfied"),
    },
    SurveyKind.CES: {
        1: pgettext_lazy("survey answer", "strongly disagree"),
        2: pgettext_lazy("survey answer", "disagree"),
        3: pgettext_lazy("survey answer", "somewhat disagree"),
        4: pgettext_lazy("survey answer", "neither agree nor disagree"),
        5: pgettext_lazy("survey answer", "somewhat agree"),
        6: pgettext_lazy("survey answer", "agree"),
        7: pgettext_lazy("survey answer", "strongly agree"),
    },
    SurveyKind.NPS: {
        0: pgettext_lazy("survey answer", "not at all likely"),
        **dict.fromkeys(range(1, 10), ""),
        10: pgettext_lazy("survey answer", "extremely likely"),
    },
}


#: the highest low score of each kind: dissatisfied, high effort, detractor
LOW: dict[str, int] = {SurveyKind.CSAT: 2, SurveyKind.CES: 3, SurveyKind.NPS: 6}


def low_of(kind: str, low_at: int | None) -> int | None:
    """The highest low score of a survey of this kind, which may say another; None where none is."""
    return low_at if low_at is not None else LOW.get(kind)


#: the lowest high score: satisfied, easy, promoter
HIGH: dict[str, int] = {SurveyKind.CSAT: 4, SurveyKind.CES: 5, SurveyKind.NPS: 9}
QUESTIONS: dict[str, str] = {
    SurveyKind.CSAT: gettext_noop("How satisfied were you with the help you got?"),
    SurveyKind.CES: gettext_noop("We made it easy for you to handle your issue. Do you agree?"),
    SurveyKind.NPS: gettext_noop("How likely are you to recommend us to a friend or colleague?"),
}


class SurveyQuerySet(models.QuerySet["Survey"]):
    def active(self) -> "SurveyQuerySet":
        return self.filter(is_active=True)

    def after(self, inbox_id: int) -> "list[Survey]":
        """The surveys that ask after an inbox's tickets, those that name it first, then those that name none.

        What is asked by the calendar asks after no ticket.
        """
        after_tickets = self.active().exclude(kind=SurveyKind.NPS)
        named = after_tickets.filter(inboxes=inbox_id).order_by("pk")
        return [*named, *after_tickets.filter(inboxes=None).order_by("pk")]

    def asking_after(self, inbox_id: int) -> "Survey | None":
        """The first survey that asks after an inbox's tickets, whatever its conditions."""
        return next(iter(self.after(inbox_id)), None)

    def by_schedule(self) -> "SurveyQuerySet":
        """Those that the calendar asks, and that can: they say how often, and from which inbox."""
        return self.active().filter(kind=SurveyKind.NPS, every_days__isnull=False, sends_from__is_quiet=False)


class Survey(models.Model):
    """A question that customers are asked once their ticket is resolved."""

    name = models.CharField(_("name"), max_length=80, unique=True, help_text=_("Only agents see it."))
    kind = models.CharField(_("kind"), max_length=10, choices=SurveyKind.choices, default=SurveyKind.CSAT)
    question = models.CharField(
        _("question"), max_length=200, blank=True,
        help_text=_("Leave it empty for the standard question, which is asked in the customer's language."),
    )  # fmt: skip
    inboxes = models.ManyToManyField(
        Inbox, related_name="+", blank=True, verbose_name=_("inboxes"),
        help_text=_("Whose customers are asked. Choose none to ask after every inbox without a survey of its own."),
    )  # fmt: skip
    delay_minutes = models.PositiveIntegerField(
        _("ask after (minutes)"), null=True, blank=True, validators=[MaxValueValidator(60 * 24 * 30)],
        help_text=_("How long after the ticket was resolved. Leave it empty for the setting of this installation."),
    )  # fmt: skip
    cool_down_days = models.PositiveSmallIntegerField(
        _("leave people alone for (days)"), default=14, validators=[MaxValueValidator(365)],
        help_text=_("Nobody is asked again before that, whichever survey asked last."),
    )  # fmt: skip
    valid_days = models.PositiveSmallIntegerField(
        _("can be answered for (days)"), default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    change_days = models.PositiveSmallIntegerField(
        _("answer can be changed for (days)"), default=7, validators=[MaxValueValidator(365)]
    )
    #: which tickets it asks after (`tickets.conditions`); empty is all of them
    conditions = models.JSONField(default=list, blank=True)
    weight = models.PositiveSmallIntegerField(
        _("share"), default=1, validators=[MaxValueValidator(100)],
        help_text=_("Where several surveys ask after the same tickets, each customer always gets the same one of them; "
                    "a survey with share 2 goes to twice as many as one with share 1."),
    )  # fmt: skip
    percent = models.PositiveSmallIntegerField(
        _("ask (percent)"), default=100, validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("How many of those who could be asked are, drawn by lot."),
    )  # fmt: skip
    asks_solved = models.BooleanField(
        _("also ask whether the problem was solved"), default=False,
        help_text=_("A “no” spoils first contact resolution, whatever the score."),
    )  # fmt: skip
    reminder_days = models.PositiveSmallIntegerField(
        _("remind once after (days)"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text=_("Only who did not open the page, while nothing new happened. Empty reminds nobody."),
    )  # fmt: skip
    every_days = models.PositiveSmallIntegerField(
        _("ask each customer every (days)"), null=True, blank=True,
        validators=[MinValueValidator(90), MaxValueValidator(730)],
        help_text=_("For recommendation (NPS), which is asked by the calendar and never about one ticket."),
    )  # fmt: skip
    sends_from = models.ForeignKey(
        Inbox, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("sent from"),
        help_text=_("The inbox that asks where no ticket is asked about."),
    )  # fmt: skip
    #: for a question of one's own: the words of each answer, worst first
    answers = models.JSONField(default=list, blank=True)
    reasons = models.ManyToManyField(
        "feedback.ReasonCode", related_name="+", blank=True, verbose_name=_("reasons offered"),
        help_text=_("What a customer may choose from after a low score."),
    )  # fmt: skip
    asks_by = models.CharField(
        _("ask"), max_length=5, choices=AskedBy.choices, default=AskedBy.THERE,
        help_text=_("In a chat or on a network it is one short message with the link, never in public, and only while "
                    "the network lets us write. Anonymous surveys and those by the calendar go by mail."),
    )  # fmt: skip
    is_anonymous = models.BooleanField(
        _("anonymous"), default=False,
        help_text=_("Nobody can tell who answered what. No reminders, no recoveries, no link to a ticket."),
    )  # fmt: skip
    opens_recovery = models.BooleanField(_("a low answer opens a recovery"), default=False)
    #: the highest score that is low; empty is the kind's own (`LOW`)
    low_at = models.PositiveSmallIntegerField(_("low is up to"), null=True, blank=True)
    recovery_hours = models.PositiveSmallIntegerField(
        _("to be taken up within (hours)"), default=24, validators=[MinValueValidator(1), MaxValueValidator(720)]
    )
    recovery_owner = models.ForeignKey(
        Agent, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("recoveries go to"),
        help_text=_("Empty: to the ticket's agent, or whoever is free in the department of the reason."),
    )  # fmt: skip
    spares_rated_agent = models.BooleanField(
        _("never to the agent who was rated"),
        default=True,
    )
    asks_again = models.BooleanField(
        _("ask once more when the recovery is over"),
        default=False,
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = SurveyQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")

    def __str__(self) -> str:
        return self.name

    @property
    def delay(self) -> timedelta:
        """How long after the resolution it asks."""
        minutes = settings.SURVEY_DELAY_MINUTES if self.delay_minutes is None else self.delay_minutes
        return timedelta(minutes=minutes)

    @property
    def words(self) -> str:
        """The question, in the reader's language where it is the standard one."""
        return self.question or gettext(QUESTIONS.get(self.kind, ""))

    @property
    def scale(self) -> dict[int, str | Promise]:
        """Each score with its words, worst first."""
        if self.kind == SurveyKind.OWN:
            return dict(enumerate(self.answers, 1))
        return SCALES[self.kind]

    @property
    def low(self) -> int | None:
        """This score and those below ask for somebody's attention; None where no answer is a bad one."""
        return low_of(self.kind, self.low_at)

    @property
    def offered_reasons(self) -> "models.QuerySet[ReasonCode]":
        """What a customer may choose from after a low score."""
        return self.reasons.filter(is_active=True, is_offered=True)

    @property
    def is_numbered(self) -> bool:
        """Its answers are a row of numbers, with words at the ends only."""
        return self.kind == SurveyKind.NPS

    @property
    def ends(self) -> tuple[str, str]:
        """The words of the worst and of the best answer."""
        scale = self.scale
        return (str(scale[min(scale)]), str(scale[max(scale)])) if scale else ("", "")

    @property
    def is_by_schedule(self) -> bool:
        """It is asked by the calendar, not after a ticket."""
        return self.kind == SurveyKind.NPS
