"""A recovery as people read it: its row in the queue, and what happened in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from feedback.models import Recovery, RecoverySource, Response
from helpdesk import clock
from helpdesk.events import history
from helpdesk.models import Agent, Event
from tickets import registry, texts

#: what a line of the story is made of; the rest is said by the page itself
_TOLD = (
    "recovery.opened", "recovery.taken_up", "recovery.put_back", "recovery.assigned", "recovery.explained",
    "recovery.overdue", "recovery.closed", "recovery.reopened", "recovery.moved", "recovery.joined",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One recovery in the queue."""

    recovery: Recovery
    name: str
    score: str
    score_words: str
    words: str
    #: what opened it
    why: str
    due: str
    tone: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the story; a note has its text."""

    at: datetime
    who: str
    sentence: str
    text: str = ""

    @property
    def is_note(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True, slots=True)
class Review:
    """A bad review a recovery takes care of, as it is now."""

    stars: int
    text: str
    source: str
    message: int
    #: the customer took it back
    is_gone: bool


def reviews(one: Recovery) -> Sequence[Review]:
    """Those a recovery takes care of, the first first."""
    found = [(link.message, link.message.abroad.all()) for link in one.reviews.all()]
    return [
        Review(
            int(rows[0].facts.get("stars") or 0), message.text, str(rows[0].facts.get("source", "")), message.pk,
            rows[0].deleted_at is not None,
        )
        for message, rows in found
        if rows
    ]  # fmt: skip


def row(one: Recovery) -> Row:
    """A recovery in a line or two."""
    response = one.response
    found = reviews(one) if one.source == RecoverySource.REVIEW else []
    most = max(response.invitation.survey.scale, default=0) if response else 0
    return Row(
        recovery=one,
        name=one.customer.display_name,
        score=_("%(score)s of %(most)s") % {"score": response.score, "most": most} if response else "",
        score_words=response.words if response else "",
        words=texts.snippet(response.comment if response else found[-1].text if found else ""),
        why=_("Opened by hand")
        if one.source == RecoverySource.AGENT
        else ngettext("Opened because of a bad review", "Opened because of %(n)d bad reviews", len(found))
        % {"n": len(found)}
        if found
        else _("Opened because of %(what)s") % {"what": one.get_source_display()},
        due=due_in_words(one),
        tone=_tone(one),
    )


def due_in_words(one: Recovery) -> str:
    """When it is, or was, to be taken up, measured from now."""
    from helpdesk.templatetags.ui import words_for

    if one.is_closed:
        return str(one.get_outcome_display())
    if one.taken_up_at is not None:
        return _("being worked on")
    seconds = (one.due_at - clock.now()).total_seconds()
    if seconds < 0:
        return _("overdue by %(time)s") % {"time": words_for(-seconds)}
    return _("due in %(time)s") % {"time": words_for(seconds)}


def _tone(one: Recovery) -> str:
    if one.is_closed:
        return "good" if one.outcome == "recovered" else ""
    if one.taken_up_at is not None:
        return ""
    left = (one.due_at - clock.now()).total_seconds()
    return "bad" if left < 0 else "warn" if left < (one.due_at - one.opened_at).total_seconds() / 2 else ""


def of(one: Recovery) -> Sequence[Step]:
    """What happened, and what was noted, the oldest first."""
    notes = [
        Step(note.at, note.author.name if note.author else _("somebody who left"), "", note.text)
        for note in one.notes.select_related("author")
    ]
    return sorted([*(_of_ticket(one) if one.ticket_id else _of_columns(one)), *notes], key=lambda step: step.at)


def _of_ticket(one: Recovery) -> list[Step]:
    events = list(history(one.ticket_id or 0, list(_TOLD)).filter(facts__recovery=one.pk, at__gte=one.opened_at))
    names = dict(Agent.objects.filter(pk__in={event.actor_id for event in events}).values_list("pk", "name"))
    return [Step(event.at, names.get(event.actor_id or 0, ""), _said(event)) for event in events]


def _said(event: Event) -> str:
    sentence = registry.sentence(event.verb)
    return sentence(event.facts) if sentence else event.verb


def _of_columns(one: Recovery) -> list[Step]:
    """Without a ticket there is no stream to read: what the recovery itself still knows."""
    steps = [Step(one.opened_at, one.opened_by.name if one.opened_by else "", _("The recovery was opened"))]
    if one.taken_up_at:
        steps.append(Step(one.taken_up_at, "", _("The recovery was taken up")))
    if one.closed_at:
        words = _("The recovery was closed: %(outcome)s") % {"outcome": one.get_outcome_display()}
        steps.append(Step(one.closed_at, "", words))
    return steps


def second(one: Recovery) -> Response | None:
    """The answer to the second question, once the recovery was over."""
    answers = Response.objects.filter(invitation__recovery=one).select_related("invitation__survey")
    return answers.order_by("-answered_at").first()


def control_in_words(in_control: bool | None) -> str:
    """Whether the service team could have prevented it."""
    return {
        True: pgettext("in control", "yes"), False: pgettext("in control", "no"), None: _("not decided"),
    }[in_control]  # fmt: skip
