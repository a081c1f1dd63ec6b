"""Stories into the database, by COPY: as fast as rows can be, and as whole as the operations leave them.

A chunk is one transaction: the slot that says it is written, its tickets, messages, mails, invitations, the ledger and
the facts folded from it. There are no rows in the outbox: whatever would have been done on hearing of these events is
done. What a table has beside the columns named here gets its default.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

from django.db import connection, transaction

from feedback.models import (
    Complaint,
    Invitation,
    QualityReview,
    Recovery,
    RecoveryNote,
    Remark,
    RemarkTopic,
    Response,
    TicketTopic,
)
from helpdesk import partitions
from helpdesk.models import Event, Slot
from reports.demo.life import tell
from reports.demo.plan import JOB, Plan
from reports.demo.programme import THEMES
from reports.demo.story import Arrival, Numbers, Recovered, Remarked, Story, World, Writer
from reports.ledger import as_rows
from reports.ledger.copying import copy_rows, ids_of
from reports.ledger.folding import fold
from reports.ledger.survey_folding import fold_surveys, solved
from reports.models import AnswerFacts, StayFacts, SurveyFacts, TicketFacts
from tickets.models import ContactPoint, Delivery, Message, OutgoingMail, ReadMark, Tag, Ticket

# ---------------------------------------------------------------------- a plan's chunks


def ensure_partitions(plan: Plan) -> None:
    """The months of the plan, before anything is written to them."""
    partitions.ensure(plan.rhythm.start.astimezone(UTC).date(), (plan.until + timedelta(days=1)).date())


class Scribe:
    """Writes chunks of a plan. Keep one for many chunks: it knows the customers and keeps what is left of its ids."""

    def __init__(self, plan: Plan, world: World) -> None:
        self.plan, self.world = plan, world
        self.numbers = Numbers(
            ids_of(Message, 4_000), ids_of(OutgoingMail, 2_000), ids_of(Delivery, 2_000), ids_of(Invitation, 1_000),
            ids_of(Response, 300), ids_of(Recovery, 100), ids_of(RecoveryNote, 50), ids_of(Remark, 200),
            ids_of(Complaint, 50), ids_of(QualityReview, 50),
        )  # fmt: skip
        self.event_ids = ids_of(Event, 8_000)
        self.tags = dict(Tag.objects.values_list("name", "pk"))
        points = (
            ContactPoint.objects.filter(customer__in=range(0), channel="email")
            if not plan.customers
            else ContactPoint.objects.filter(
                customer__gte=plan.customer, customer__lt=plan.customer + plan.customers, channel="email"
            )
        )
        self.writers = {
            customer - plan.customer: Writer(customer, point, name, address, language or "en", organisation is not None)
            for point, customer, name, address, language, organisation in points.order_by("-pk").values_list(
                "pk", "customer_id", "customer__name", "address", "customer__language", "customer__organisation_id"
            )
        }

    def write(self, start: int, end: int) -> int:
        """Write the tickets at these places of the order, unless they are written. Returns how many it wrote."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                # losing the last chunk in a crash loses the slot that speaks of it, too
                cursor.execute("SET LOCAL synchronous_commit = off")
            if not Slot.objects.take(JOB, self.plan.done_slot(start, end)):
                return 0
            stories = [self._tell(place) for place in sorted(self.plan.order[start:end])]
            self._number(stories)
            self._copy(stories)
        return len(stories)

    def _tell(self, place: int) -> Story:
        plan = self.plan
        arrival = Arrival(
            plan.first + place, plan.moment(place), self.writers[plan.customer_of(place)], bool(plan.askable[place])
        )
        chance = Random((plan.seed * 1_000_003 + plan.key) * 100_000_007 + place)  # noqa: S311 - a demo
        return tell(self.world, arrival, self.numbers, chance)

    def _number(self, stories: list[Story]) -> None:
        """Give the events their places in the ledger, in the order of time."""
        events = [event for story in stories for event in story.events]
        events.sort(key=attrgetter("at"))
        for event in events:
            event.id = next(self.event_ids)

    def _copy(self, stories: list[Story]) -> None:
        copy_rows(Ticket, _TICKET, map(_ticket, stories))
        tagged = Ticket.tags.through
        copy_rows(
            tagged,
            ("ticket_id", "tag_id"),
            ((story.number, self.tags[tag]) for story in stories for tag in story.tags),
        )
        copy_rows(Message, _MESSAGE, (row for story in stories for row in _messages(story)))
        copy_rows(OutgoingMail, _MAIL, (row for story in stories for row in _mails(story)))
        copy_rows(Delivery, _DELIVERY, (row for story in stories for row in _deliveries(story)))
        copy_rows(Invitation, INVITATION, (row for story in stories for row in _invitations(story)))
        copy_rows(
            Response,
            _RESPONSE,
            (
                (
                    one.response,
                    one.id,
                    one.score,
                    one.comment,
                    one.answered_at,
                    one.agent,
                    one.is_shared,
                    one.is_solved,
                    one.low_reason,
                )
                for story in stories
                for one in story.invitations
                if one.score is not None
            ),
        )
        copy_rows(
            ReadMark,
            ("agent_id", "ticket_id", "message_id"),
            (
                (agent, story.number, message)
                for story in stories
                if story.status not in ("resolved", "closed")
                for agent, message in story.seen.items()
            ),
        )
        self._copy_feelings(stories)
        copy_rows(Event, EVENT, (row for story in stories for row in _events(story)))
        folded = [_fold(story) for story in stories]
        copy_rows(TicketFacts, as_rows.TICKET_COLUMNS, (one.ticket for one in folded))
        copy_rows(AnswerFacts, as_rows.ANSWER_COLUMNS, (row for one in folded for row in one.answers))
        copy_rows(StayFacts, as_rows.STAY_COLUMNS, (row for one in folded for row in one.stays))
        copy_rows(SurveyFacts, as_rows.SURVEY_COLUMNS, (row for one in folded for row in one.askings))

    def _copy_feelings(self, stories: list[Story]) -> None:
        copy_rows(TicketTopic, ("ticket_id", "topic_id"), ((s.number, s.topic) for s in stories if s.topic is not None))
        copy_rows(Recovery, RECOVERY, (row for story in stories for row in _recoveries(story)))
        copy_rows(
            RecoveryNote,
            ("id", "recovery_id", "author_id", "text", "at"),
            (
                (number, one.id, author, text, at)
                for story in stories
                for one in story.recoveries
                for number, author, text, at in one.notes
            ),
        )
        copy_rows(Complaint, _COMPLAINT, (row for story in stories for row in _complaints(story)))
        copy_remarks(
            (one, story.source.id, story.number, story.writer.id) for story in stories for one in story.remarks
        )
        copy_rows(QualityReview, _REVIEW, (row for story in stories for row in _reviews(story)))


# ---------------------------------------------------------------------- rows

_TICKET = (
    "number",
    "inbox_id",
    "customer_id",
    "subject",
    "status",
    "priority",
    "channel",
    "initiated_by",
    "assignee_id",
    "team_id",
    "created_at",
    "updated_at",
    "waiting_since",
    "resolved_at",
    "snoozed_until",
    "snippet",
    "last_message_id",
    "low_score",
)


def _ticket(story: Story) -> tuple[Any, ...]:
    return (
        story.number,
        story.source.id,
        story.writer.id,
        story.subject,
        story.status,
        story.priority,
        story.channel,
        story.initiated_by,
        story.assignee,
        story.team,
        story.created_at,
        story.updated_at,
        story.waiting_since,
        story.resolved_at,
        story.snoozed_until,
        story.snippet,
        story.last_message_id,
        story.low_score,
    )


_MESSAGE = (
    "id",
    "ticket_id",
    "kind",
    "author_id",
    "sender_id",
    "sender_name",
    "channel",
    "subject",
    "text",
    "full_text",
    "html",
    "to",
    "message_id",
    "in_reply_to",
    "references",
    "is_automated",
    "authentication",
    "matched_by",
    "claimed_at",
    "created_at",
)


def _messages(story: Story) -> Iterator[tuple[Any, ...]]:
    writer = story.writer
    for said in story.messages:
        author = said.author
        yield (
            said.id,
            story.number,
            said.kind,
            author.id if author else None,
            None if author else writer.point,
            author.name if author else writer.name,
            said.channel,
            said.subject,
            said.text,
            said.full_text,
            said.html,
            said.to,
            said.message_id,
            said.in_reply_to,
            said.references,
            said.is_automated,
            said.authentication,
            said.matched_by,
            said.claimed_at,
            said.at,
        )


_MAIL = (
    "id",
    "inbox_id",
    "ticket_id",
    "said_id",
    "purpose",
    "message_id",
    "to",
    "subject",
    "in_reply_to",
    "references",
    "text",
    "headers",
    "created_at",
)


def _mails(story: Story) -> Iterator[tuple[Any, ...]]:
    for mail in story.mails:
        yield (
            mail.id,
            story.source.id,
            story.number,
            mail.said,
            mail.purpose,
            mail.message_id,
            [story.writer.address],
            mail.subject,
            mail.in_reply_to,
            mail.references,
            mail.text,
            mail.headers,
            mail.at,
        )


_DELIVERY = (
    "id",
    "mail_id",
    "recipient",
    "state",
    "attempts",
    "due_at",
    "give_up_at",
    "transmitting",
    "answer",
    "sent_at",
)


def _deliveries(story: Story) -> Iterator[tuple[Any, ...]]:
    for mail in story.mails:
        yield (
            mail.delivery,
            mail.id,
            story.writer.address,
            mail.state,
            1,
            mail.at,
            mail.at + mail.patience,
            mail.state == "sent",
            mail.answer,
            mail.sent_at,
        )


INVITATION = (
    "id",
    "survey_id",
    "ticket_id",
    "customer_id",
    "occasion_id",
    "occasion_at",
    "recipient",
    "token",
    "language",
    "state",
    "reason",
    "due_at",
    "created_at",
    "queued_at",
    "sent_at",
    "expires_at",
    "mail_id",
)
_RESPONSE = (
    "id", "invitation_id", "score", "comment", "answered_at", "agent_id", "is_shared", "is_solved", "reason_id",
)  # fmt: skip


def _invitations(story: Story) -> Iterator[tuple[Any, ...]]:
    for one in story.invitations:
        yield (
            one.id,
            one.survey,
            story.number,
            story.writer.id,
            one.occasion.id,
            one.occasion.at,
            story.writer.address,
            one.token,
            story.writer.language,
            one.state,
            one.reason,
            one.due_at,
            one.at,
            one.queued_at,
            one.sent_at,
            one.expires_at,
            one.mail,
        )


RECOVERY = (
    "id", "customer_id", "ticket_id", "inbox_id", "response_id", "source", "state", "owner_id", "department_id",
    "reason_id", "in_control", "rated_agent_id", "opened_at", "due_at", "taken_up_at", "closed_at", "outcome", "done",
    "cost", "version",
)  # fmt: skip


def _recoveries(story: Story) -> Iterator[tuple[Any, ...]]:
    for one in story.recoveries:
        yield recovery_row(one, story.writer.id, story.number, story.source.id)


def recovery_row(one: Recovered, customer: int, ticket: int | None, inbox: int) -> tuple[Any, ...]:
    why = one.reason
    return (
        one.id, customer, ticket, inbox, one.response, one.source, one.state, one.owner,
        why.department if why else None, why.id if why else None, why.in_control if why else None, one.rated_agent,
        one.opened_at, one.due_at, one.taken_up_at, one.closed_at, one.outcome, one.done, one.cost, one.version,
    )  # fmt: skip


_COMPLAINT = (
    "id", "ticket_id", "received_at", "acknowledge_by", "acknowledged_at", "decided_at", "finding", "outcome",
    "closed_at", "is_agreed", "reason_id",
)  # fmt: skip


def _complaints(story: Story) -> Iterator[tuple[Any, ...]]:
    for one in story.complaints:
        yield (
            one.id, story.number, one.received_at, one.acknowledge_by, one.acknowledged_at, one.decided_at, one.finding,
            one.outcome, one.closed_at, one.is_agreed, one.reason,
        )  # fmt: skip


_REVIEW = (
    "id", "ticket_id", "agent_id", "reviewer_id", "drawn_at", "reviewed_at", "clear", "correct", "complete", "kind",
    "comment", "seen_at",
)  # fmt: skip


def _reviews(story: Story) -> Iterator[tuple[Any, ...]]:
    for one in story.reviews:
        grades = one.grades or (None, None, None, None)
        yield (
            one.id, story.number, one.agent, one.reviewer, one.drawn_at, one.reviewed_at, *grades, one.comment,
            one.seen_at,
        )  # fmt: skip


_REMARK = (
    "id", "source", "inbox_id", "ticket_id", "customer_id", "response_id", "complaint_id", "text", "language", "kind",
    "score", "tone", "said_at", "department_id", "assignee_id", "settled_at", "looked_at",
)  # fmt: skip


def copy_remarks(remarks: Iterable[tuple[Remarked, int, int | None, int]]) -> None:
    """Remarks, each with its inbox, ticket and customer, and the topics found in them."""
    said = list(remarks)
    looked_at = len(THEMES)
    copy_rows(
        Remark,
        _REMARK,
        (
            (
                one.id, one.source, inbox, ticket, customer, one.response, one.complaint, one.text, one.language,
                one.kind, one.score, one.tone, one.at, one.department, one.assignee, one.settled_at, looked_at,
            )
            for one, inbox, ticket, customer in said
        ),
    )  # fmt: skip
    copy_rows(
        RemarkTopic,
        ("remark_id", "topic_id", "found"),
        ((one.id, topic, found) for one, *_ in said for topic, found in one.topics),
    )


EVENT = ("id", "at", "verb", "stream_id", "subject_type", "subject_id", "actor_id", "facts", "cause")


def _events(story: Story) -> Iterator[tuple[Any, ...]]:
    number = story.number
    for event in story.events:
        yield (event.id, event.at, event.verb, number, "ticket", number, event.actor_id, event.facts, "")


_survey_row = attrgetter(*as_rows.SURVEY_COLUMNS)


class Folded(NamedTuple):
    """The rows of facts of one story."""

    ticket: list[Any]
    answers: list[tuple[Any, ...]]
    stays: list[tuple[Any, ...]]
    askings: list[tuple[Any, ...]]


def _fold(story: Story) -> Folded:
    """The rows of facts, through the same fold by which `reports.ledger.facts` makes them."""
    source, number = story.source, story.number
    folded = fold(story.events, source.calendar)
    if not source.hours:
        folded = as_rows.without_business(folded)
    asked = fold_surveys(number, story.events, folded)
    folded_to = story.events[-1].id
    return Folded(
        as_rows.to_row(number, folded, folded_to=folded_to, hours=source.hours, is_solved=solved(asked)),
        list(as_rows.answer_rows(number, folded)),
        list(as_rows.stay_rows(number, folded)),
        [_survey_row(one) for one in asked],
    )
