"""Surveys: what is asked, after which tickets, and when."""

from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from tickets.models import Inbox


class SurveyKind(models.TextChoices):
    """What is measured; each kind has its scale."""

    CSAT = "csat", _("Satisfaction (CSAT)")


#: the words of each step, worst first, so that no score is a bare number
SCALES: dict[str, dict[int, Promise]] = {
    SurveyKind.CSAT: {
        1: pgettext_lazy("survey answer", "very dissatisfied"),
        2: pgettext_lazy("survey answer", "dissatisfied"),
        3: pgettext_lazy("survey answer", "neither satisfied nor dissatisfied"),
        4: pgettext_lazy("survey answer", "satisfied"),
        5: pgettext_lazy("survey answer", "very satisfied"),
    }
}


class SurveyQuerySet(models.QuerySet["Survey"]):
    def active(self) -> "SurveyQuerySet":
        return self.filter(is_active=True)

    def asking_after(self, inbox_id: int) -> "Survey | None":
        """The survey that asks after an inbox's tickets: the one that names it, else the one that names none."""
        named = self.active().filter(inboxes=inbox_id).order_by("pk").first()
        return named or self.active().filter(inboxes=None).order_by("pk").first()


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
        return self.question or gettext("How satisfied were you with the help you got?")

    @property
    def scale(self) -> dict[int, Promise]:
        """Each score with its words, worst first."""
        return SCALES[self.kind]
