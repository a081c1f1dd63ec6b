"""No operation changes a ticket without an event on the ticket's stream, and none makes an event of nothing.

`CALLS` says how each public function of the operations is called. A new one without an entry fails.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

import feedback.operations
import tickets.operations
from feedback import nonces
from feedback.models import (
    Complaint,
    Invitation,
    InvitationState,
    Outcome,
    QualityPlan,
    QualityReview,
    Reason,
    ReasonCode,
    Recovery,
    Remark,
    Response,
    ReviewRule,
    Survey,
    Topic,
)
from feedback.operations import (
    answering,
    asking,
    balloting,
    complaining,
    inviting,
    mailing,
    opening_recoveries,
    recovering,
    remarks,
    reviewing,
    rounds,
    topics,
    watching_recoveries,
)
from helpdesk import clock
from helpdesk.models import Agent, Event, Team
from tests.conftest import mail
from tickets.channels.email.reading import read
from tickets.models import (
    BulkAct,
    ChannelMessage,
    ContactPoint,
    Conversation,
    CustomField,
    Delivery,
    Draft,
    Inbox,
    InboxAccess,
    Merge,
    Message,
    OutgoingMail,
    Priority,
    RawMessage,
    RawState,
    Tag,
    Ticket,
    Visitor,
)
from tickets.operations import (
    access,
    acknowledging,
    acting,
    agent_notes,
    alarms,
    answering_fields,
    assignment,
    budget,
    bulk,
    calls,
    claims,
    collisions,
    connecting,
    delivery_reports,
    drafting,
    enclosing,
    following,
    forwarding,
    health,
    intake,
    linking,
    list_looks,
    locking,
    loops,
    machine_mail,
    macros,
    mail_desk,
    merging,
    moving,
    naming,
    network_templates,
    notice_mails,
    notifying,
    opening,
    outages,
    participants,
    posting,
    probing,
    pushing,
    recipients,
    removing,
    replying,
    scheduling,
    sending,
    sharing,
    sorting,
    status,
    tagging,
    talking,
    targets,
    traces,
    undo,
    viewing,
    webhook_secrets,
    withdrawing,
    writing_down,
)
from tickets.operations.recipients import Chosen


@dataclass
class House:
    """What operations are done with."""

    ticket: Ticket
    ana: Agent
    team: Team

    def delivery(self, purpose: str = "reply") -> Delivery:
        """A claimed delivery of a mail of this ticket."""
        if not Delivery.objects.exists():
            if purpose == "reply":
                replying.reply(self.ticket, text="It ships today.", actor=self.ana)
            else:
                self.invitation(InvitationState.WAITING)
                mailing.send_due()
            sending.claim(10)
        return Delivery.objects.select_related("mail__inbox", "mail__ticket").get()

    def first(self) -> Delivery:
        """The delivery of the ticket's first answer, claimed or not."""
        return Delivery.objects.select_related("mail__inbox", "mail__ticket").earliest("pk")

    def occasion(self) -> Event:
        status.resolve(self.ticket, actor=self.ana)
        return Event.objects.filter(verb="ticket.resolved").latest("id")

    def invitation(self, state: str = InvitationState.SENT) -> Invitation:
        """An invitation of this ticket's customer."""
        if not Survey.objects.exists():
            Survey.objects.create(name="Satisfaction", delay_minutes=0)
            made = inviting.invite(self.occasion())
            assert made is not None and made.state == InvitationState.WAITING, made
            Invitation.objects.update(
                state=state, expires_at=clock.now() + timedelta(days=1), created_at=clock.now() - timedelta(minutes=1)
            )
        return Invitation.objects.get()

    def response(self) -> Response:
        """What the customer answered."""
        return Response.objects.get_or_create(invitation=self.invitation(), defaults={"score": 2})[0]

    def raw(self) -> RawMessage:
        if not RawMessage.objects.filter(state=RawState.RECEIVED).exists() and RawMessage.objects.count() == 1:
            content = mail(text="And now?", In_Reply_To="<first@customer.example>", Message_ID="<2@customer.example>")
            intake.store(inbox=self.ticket.inbox, content=content, source="test")
        return RawMessage.objects.select_related("inbox").latest("pk")

    def shut_out(self) -> None:
        """Ana has the ticket, and works in its inbox no more."""
        assignment.take(self.ticket, actor=self.ana)
        InboxAccess.objects.create(inbox=self.ticket.inbox, agent=self.ana, level="light")

    def tagged(self, name: str) -> Tag:
        """A tag; the ticket has the first."""
        if name == "a":
            sorting.tag(self.ticket, name=name, actor=self.ana)
        return Tag.objects.get_or_create(name=name)[0]

    def other(self) -> Ticket:
        """Another open ticket of this inbox."""
        return opening.open_ticket(
            inbox=self.ticket.inbox, address="dora@customer.example", subject="By phone", text="Hello", actor=self.ana,
            once="other",
        )  # fmt: skip

    def acknowledging(self) -> None:
        """The ticket's inbox acknowledges."""
        self.ticket.inbox.acknowledges = True
        self.ticket.inbox.save()

    def draft(self) -> Draft:
        """Ana's half-written answer."""
        if not Draft.objects.exists():
            drafting.save(self.ticket, actor=self.ana, kind="reply", content=drafting.Content("In good time."))
        return Draft.objects.get()

    def scheduled(self, at: datetime | None = None) -> Draft:
        """The same, waiting for its time."""
        if not Draft.objects.exists():
            scheduling.schedule(self.draft(), actor=self.ana, at=TOMORROW)
            Draft.objects.update(send_at=at or TOMORROW)
        return Draft.objects.get()

    def said(self) -> Message:
        """Her answer, just sent."""
        if not Message.objects.filter(kind="reply").exists():
            replying.reply(self.ticket, text="It ships today.", actor=self.ana, delay=timedelta(minutes=1))
        return Message.objects.get(kind="reply")

    def chloe(self) -> Agent:
        """A colleague of Ana's."""
        chloe, _is_new = Agent.objects.get_or_create(email="chloe@demo.localhost", name="Chloe Martin")
        chloe.teams.add(self.team)
        return chloe

    def opening(self) -> Message:
        """The message that opened the ticket."""
        return self.ticket.messages.earliest("pk")

    def many(self) -> BulkAct:
        """A tag for the ticket, as for many."""
        return bulk.ask(actor=self.ana, act={"do": "tag", "tag": "vip"}, tickets=[self.ticket.pk], once="1")

    def late(self) -> None:
        if self.invitation().state == InvitationState.SENT:
            Invitation.objects.update(expires_at=clock.now() - timedelta(days=1))

    def topic(self) -> Topic:
        return Topic.objects.get_or_create(name="Orders", phrases="order*")[0]

    def remark(self) -> Remark:
        """What Dora said of the ticket's help."""
        return Remark.objects.get_or_create(
            ticket=self.ticket, inbox=self.ticket.inbox, source=Remark.Source.NOTED, text="My order came late"
        )[0]

    def complaint(self) -> Complaint:
        """The ticket is one."""
        sorting.retype(self.ticket, to="complaint", actor=self.ana)
        found = complaining.follow(self.ticket)
        assert found is not None
        return found

    def lead(self) -> Agent:
        """Who reviews Ana's answers."""
        lead, _is_new = Agent.objects.get_or_create(email="lead@demo.localhost", name="Lea", role="lead")
        lead.teams.add(self.team)
        return lead

    def plan(self) -> QualityPlan:
        """Ana's answer is there to be drawn: the ticket was resolved last week."""
        plan, is_new = QualityPlan.objects.get_or_create(inbox=self.ticket.inbox)
        if is_new:
            replying.reply(self.ticket, text="It ships today.", actor=self.ana)
            status.resolve(self.ticket, actor=self.ana)
            monday = reviewing.week_of(self.ticket.inbox, clock.now())
            Ticket.objects.filter(pk=self.ticket.pk).update(
                resolved_at=datetime.combine(monday, datetime.min.time(), UTC) - timedelta(days=2)
            )
        return plan

    def drawn(self) -> QualityReview:
        return QualityReview.objects.get_or_create(ticket=self.ticket, agent=self.ana)[0]

    def reviewed(self) -> QualityReview:
        return reviewing.review(self.drawn(), grades=GOOD, actor=self.lead())

    def recovery(self) -> Recovery:
        """One about the ticket."""
        if not Recovery.objects.exists():
            opening_recoveries.open_by_hand(self.ticket, actor=self.ana)
        return Recovery.objects.get()

    def closed_recovery(self) -> Recovery:
        """The same, when nothing was to be done."""
        return recovering.close(self.recovery(), outcome=Outcome.NOT_NEEDED, actor=self.ana)

    def reason(self) -> ReasonCode:
        return ReasonCode.objects.get_or_create(name="Too slow")[0]

    def low_answer(self) -> Response:
        """Dora's, after which her survey opens recoveries."""
        found = Response.objects.first()
        if found is None:
            found = Response.objects.create(invitation=self.invitation(), score=1)
            Survey.objects.update(opens_recovery=True)
        return found

    def left_chat(self) -> None:
        """Dora was asked in a chat, and left before she saw it."""
        if Visitor.objects.exists():
            return
        asked, now = self.invitation(InvitationState.SENT), clock.now()
        inbox = Inbox.objects.create(name="Chat", channel="chat")
        point = ContactPoint.objects.create(customer=self.ticket.customer, channel="chat", address="visitor:1")
        talk = Conversation.objects.create(inbox=inbox, thread="visitor:1", point=point, ticket=self.ticket)
        Visitor.objects.create(inbox=inbox, thread="visitor:1", talk=talk, here_at=now - timedelta(minutes=10))
        Invitation.objects.filter(pk=asked.pk).update(channel="chat", recipient="visitor:1", talk=talk, queued_at=now)

    def bad_review(self) -> int:
        """What came with one star to an inbox where that opens a recovery."""
        found = ChannelMessage.objects.first()
        if found is None:
            message, inbox = self.opening(), self.ticket.inbox
            found = ChannelMessage.objects.create(inbox=inbox, identifier="r1", message=message, facts={"stars": 1})
            ReviewRule.objects.create(inbox=inbox, up_to=2, since=clock.now() - timedelta(days=3650))
        return found.message_id or 0

    def bounced(self) -> None:
        self.invitation()
        self.ticket.customer.contact_points.update(is_bouncing=True)


Call = Callable[[House], Any]
GOOD = dict.fromkeys(reviewing.GRADES, 4)
TOMORROW = clock.now() + timedelta(days=1)


def undo_a_tag(h: House) -> None:
    sorting.tag(h.ticket, name="vip", actor=h.ana)
    undo.undo(h.ticket, Event.objects.filter(verb="ticket.tagged").latest("id"), actor=h.ana)


@dataclass(frozen=True)
class Change:
    """How an operation is called, twice alike; which event the first leaves; what was done before both."""

    call: Call
    verb: str
    before: Call = lambda h: None
    #: False where doing it twice is doing two things, as without a once-only key
    is_repeatable: bool = True


CHANGES: dict[Callable[..., Any], Change] = {
    status.resolve: Change(lambda h: status.resolve(h.ticket, actor=h.ana), "ticket.resolved"),
    status.reopen: Change(
        lambda h: status.reopen(h.ticket, actor=h.ana), "ticket.reopened", lambda h: status.pend(h.ticket, actor=None)
    ),
    status.pend: Change(lambda h: status.pend(h.ticket, actor=h.ana), "ticket.pended"),
    status.hold: Change(lambda h: status.hold(h.ticket, actor=h.ana), "ticket.held"),
    status.close: Change(lambda h: status.close(h.ticket, actor=h.ana), "ticket.closed"),
    status.snooze: Change(lambda h: status.snooze(h.ticket, until=TOMORROW, actor=h.ana), "ticket.snoozed"),
    status.wake: Change(
        lambda h: status.wake(h.ticket, actor=h.ana), "ticket.woken",
        lambda h: status.snooze(h.ticket, until=TOMORROW, actor=h.ana),
    ),
    targets.warn: Change(lambda h: targets.warn(h.ticket), "ticket.target_near"),
    assignment.assign: Change(
        lambda h: assignment.assign(h.ticket, agent=h.ana, team=None, actor=h.ana), "ticket.assigned"
    ),
    assignment.take_from_outsiders: Change(
        lambda h: assignment.take_from_outsiders(actor=None), "ticket.assigned", lambda h: h.shut_out(),
    ),
    assignment.take: Change(lambda h: assignment.take(h.ticket, actor=h.ana), "ticket.assigned"),
    assignment.unassign: Change(
        lambda h: assignment.unassign(h.ticket, actor=h.ana), "ticket.assigned",
        lambda h: assignment.take(h.ticket, actor=h.ana),
    ),
    moving.move: Change(
        lambda h: moving.move(Message.objects.get(text="And now?"), ticket=h.other(), actor=h.ana), "message.moved",
        lambda h: (intake.receive([read(h.raw())]), h.other()),
    ),
    sorting.tag: Change(lambda h: sorting.tag(h.ticket, name="vip", actor=h.ana), "ticket.tagged"),
    sorting.untag: Change(
        lambda h: sorting.untag(h.ticket, name="VIP ", actor=h.ana), "ticket.untagged",
        lambda h: sorting.tag(h.ticket, name="vip", actor=h.ana),
    ),
    sorting.rename: Change(lambda h: sorting.rename(h.ticket, subject="My lamp", actor=h.ana), "ticket.renamed"),
    sorting.prioritise: Change(
        lambda h: sorting.prioritise(h.ticket, priority=Priority.HIGH, actor=h.ana), "ticket.prioritised"
    ),
    sorting.mark_low_score: Change(lambda h: sorting.mark_low_score(h.ticket, score=1, actor=None), "ticket.marked"),
    sorting.retype: Change(lambda h: sorting.retype(h.ticket, to="question", actor=h.ana), "ticket.retyped"),
    answering_fields.set_field: Change(
        lambda h: answering_fields.set_field(h.ticket, key="plan", value="gold", actor=h.ana), "ticket.answered",
        lambda h: CustomField.objects.create(key="plan", name="Plan"),
    ),
    following.follow: Change(lambda h: following.follow(h.ticket, agent=h.ana, actor=h.ana), "ticket.followed"),
    following.unfollow: Change(
        lambda h: following.unfollow(h.ticket, agent=h.ana, actor=h.ana), "ticket.unfollowed",
        lambda h: following.follow(h.ticket, agent=h.ana, actor=h.ana),
    ),
    merging.merge: Change(lambda h: merging.merge(h.ticket, into=h.other(), actor=h.ana), "ticket.merged", House.other),
    merging.unmerge: Change(
        lambda h: merging.unmerge(Merge.objects.get(), actor=h.ana), "ticket.unmerged",
        lambda h: merging.merge(h.ticket, into=h.other(), actor=h.ana),
    ),
    removing.spam: Change(lambda h: removing.spam(h.ticket, actor=h.ana), "ticket.spammed"),
    removing.trash: Change(lambda h: removing.trash(h.ticket, actor=h.ana), "ticket.deleted"),
    removing.restore: Change(
        lambda h: removing.restore(h.ticket, actor=h.ana), "ticket.restored",
        lambda h: removing.trash(h.ticket, actor=h.ana),
    ),
    removing.purge: Change(
        lambda h: removing.purge(h.ticket, actor=None), "ticket.purged", lambda h: removing.trash(h.ticket, actor=h.ana)
    ),
    linking.link: Change(
        lambda h: linking.link(h.ticket, to=h.other(), kind="related", actor=h.ana), "ticket.linked", House.other
    ),
    linking.unlink: Change(
        lambda h: linking.unlink(h.ticket, to=h.other(), actor=h.ana), "ticket.unlinked",
        lambda h: linking.link(h.ticket, to=h.other(), kind="related", actor=h.ana),
    ),
    moving.split: Change(
        lambda h: moving.split([Message.objects.get(text="And now?")], actor=h.ana), "message.moved",
        lambda h: intake.receive([read(h.raw())]), is_repeatable=False,
    ),
    macros.run: Change(
        lambda h: macros.run(
            macros.save(None, actor=h.ana, name="Mine", actions=[{"do": "take"}]), h.ticket, actor=h.ana
        ),
        "macro.applied",
        is_repeatable=False,
    ),
    acting.perform: Change(lambda h: acting.perform(h.ticket, {"do": "take"}, actor=h.ana), "ticket.assigned"),
    acting.perform_held: Change(
        lambda h: acting.perform_held(h.ticket, {"do": "take"}, actor=h.ana), "ticket.assigned"
    ),
    undo.undo: Change(undo_a_tag, "ticket.untagged", is_repeatable=False),
    replying.reply: Change(
        lambda h: replying.reply(h.ticket, text="Hello", actor=h.ana, once="1"), "message.replied"
    ),
    replying.add_note: Change(
        lambda h: replying.add_note(h.ticket, text="Hello", actor=h.ana, once="1"), "message.noted"
    ),
    forwarding.forward: Change(
        lambda h: forwarding.forward(
            h.ticket, message=h.opening(), text="Look", to=Chosen(("frida@maker.example",)), actor=h.ana, once="1"
        ),
        "message.forwarded",
    ),
    participants.add: Change(
        lambda h: participants.add(h.ticket, address="emil@other.example", actor=h.ana), "ticket.participant_added"
    ),
    participants.remove: Change(
        lambda h: participants.remove(h.ticket, address="emil@other.example", actor=h.ana),
        "ticket.participant_removed",
        lambda h: participants.add(h.ticket, address="emil@other.example", actor=h.ana),
    ),
    scheduling.schedule: Change(
        lambda h: scheduling.schedule(h.draft(), actor=h.ana, at=TOMORROW), "message.scheduled", House.draft
    ),
    scheduling.cancel: Change(
        lambda h: scheduling.cancel(h.scheduled(), actor=h.ana), "message.unscheduled", House.scheduled
    ),
    scheduling.hold_back: Change(
        lambda h: scheduling.hold_back(h.ticket, why="closed", since=2**62), "message.unscheduled", House.scheduled
    ),
    scheduling.send_now: Change(
        lambda h: scheduling.send_now(h.scheduled(), actor=h.ana), "message.replied", House.scheduled,
        is_repeatable=False,
    ),
    scheduling.send_due: Change(
        lambda h: [scheduling.send_due(draft) for draft in Draft.objects.all()], "message.replied",
        lambda h: h.scheduled(clock.now()),
    ),
    sharing.take_over: Change(
        lambda h: sharing.take_over(Draft.objects.get(), actor=h.chloe()), "message.unscheduled", House.scheduled
    ),
    tagging.merge: Change(
        lambda h: tagging.merge(h.tagged("a"), into=h.tagged("b"), actor=h.ana), "ticket.tagged", is_repeatable=False
    ),
    tagging.delete: Change(
        lambda h: tagging.delete(h.tagged("a"), actor=h.ana), "ticket.untagged", is_repeatable=False
    ),
    withdrawing.withdraw: Change(
        lambda h: withdrawing.withdraw(h.said(), actor=h.ana), "message.withdrawn", House.said
    ),
    opening.open_ticket: Change(
        lambda h: opening.open_ticket(
            inbox=h.ticket.inbox, address="dora@customer.example", subject="By phone", text="Hello", actor=h.ana,
            once="1",
        ),
        "ticket.created",
    ),
    intake.receive: Change(lambda h: intake.receive([read(h.raw())]), "message.received"),
    claims.sent: Change(lambda h: sending.sent(h.delivery(), "250 OK"), "message.sent", House.delivery),
    claims.refused: Change(
        lambda h: sending.refused(h.delivery(), "550 No", for_good=True), "message.failed", House.delivery
    ),
    claims.unknowable: Change(
        lambda h: sending.unknowable(h.delivery(), "Silence"), "message.uncertain", House.delivery
    ),
    claims.recover: Change(
        lambda h: sending.recover(TOMORROW), "message.uncertain",
        lambda h: Delivery.objects.filter(pk=h.delivery().pk).update(transmitting=True),
    ),
    delivery_reports.reported: Change(
        lambda h: sending.reported(h.delivery(), action="failed", status_code="5.1.1", words="550 No"),
        "message.bounced", lambda h: sending.sent(h.delivery(), "250 OK"),
    ),
    delivery_reports.retry: Change(
        lambda h: sending.retry(h.delivery(), actor=h.ana), "message.retried",
        lambda h: sending.refused(h.delivery(), "550 No", for_good=True),
    ),
    delivery_reports.correct: Change(
        lambda h: sending.correct(h.first(), address="dora@new.example", actor=h.ana), "message.corrected",
        lambda h: sending.refused(h.delivery(), "550 No", for_good=True),
    ),
    acknowledging.acknowledge: Change(
        lambda h: acknowledging.acknowledge(h.opening()), "message.acknowledged", House.acknowledging
    ),
    acknowledging.acknowledge_all: Change(
        lambda h: acknowledging.acknowledge_all([h.opening().pk]), "message.acknowledged", House.acknowledging
    ),
    inviting.invite: Change(
        lambda h: inviting.invite(Event.objects.get(verb="ticket.resolved")), "survey.invited",
        lambda h: (h.occasion(), Survey.objects.create(name="Satisfaction")),
    ),
    inviting.cancel: Change(
        lambda h: inviting.cancel(h.ticket, reason=Reason.REOPENED), "survey.cancelled",
        lambda h: h.invitation(InvitationState.WAITING),
    ),
    inviting.take_back: Change(
        lambda h: inviting.take_back(h.invitation(), Reason.REOPENED), "survey.cancelled",
        lambda h: h.invitation(InvitationState.WAITING), is_repeatable=False,
    ),
    mailing.sent: Change(
        lambda h: mailing.sent(h.delivery().mail_id, at=clock.now()), "survey.sent", lambda h: h.delivery("survey")
    ),
    mailing.mail_unseen: Change(lambda h: mailing.mail_unseen(), "survey.left_to_mail", House.left_chat),
    mailing.not_delivered: Change(
        lambda h: mailing.not_delivered(h.delivery().mail_id), "survey.bounced", lambda h: h.delivery("survey")
    ),
    mailing.bounced_back: Change(lambda h: mailing.bounced_back(h.ticket), "survey.bounced", House.bounced),
    mailing.expire: Change(lambda h: mailing.expire(), "survey.expired", House.late),
    answering.respond: Change(
        lambda h: answering.respond(h.invitation(), nonce=nonces.make(h.invitation()), score=1, comment="Late"),
        "survey.answered", House.invitation,
    ),
    answering.explain: Change(
        lambda h: answering.explain(h.response(), reason=ReasonCode.objects.get_or_create(name="Slow")[0], actor=h.ana),
        "survey.explained", lambda h: h.response(),
    ),
    answering.opt_out: Change(lambda h: answering.opt_out(h.invitation()), "survey.opted_out", House.invitation),
}  # fmt: skip

CHANGES[bulk.run] = Change(lambda h: [bulk.run(pk) for pk in bulk.to_do()], "ticket.tagged", House.many)

CHANGES |= {
    topics.categorise: Change(
        lambda h: topics.categorise(h.ticket, topic=h.topic(), actor=h.ana), "ticket.categorised", House.topic
    ),
    topics.uncategorise: Change(
        lambda h: topics.uncategorise(h.ticket, actor=h.ana), "ticket.categorised",
        lambda h: topics.categorise(h.ticket, topic=h.topic(), actor=h.ana),
    ),
    topics.look_at: Change(lambda h: topics.look_at([h.ticket.pk]), "ticket.categorised", House.topic),
    topics.sort_remark: Change(
        lambda h: topics.sort_remark(h.remark(), topics=[h.topic()], actor=h.ana), "remark.sorted",
        lambda h: (h.remark(), h.topic()),
    ),
    remarks.assign: Change(
        lambda h: remarks.assign(h.remark(), assignee=h.ana, actor=h.ana), "remark.assigned", House.remark
    ),
    remarks.settle: Change(lambda h: remarks.settle(h.remark(), actor=h.ana), "remark.settled", House.remark),
    remarks.unsettle: Change(
        lambda h: remarks.unsettle(h.remark(), actor=h.ana), "remark.unsettled",
        lambda h: remarks.settle(h.remark(), actor=h.ana),
    ),
    remarks.note: Change(
        lambda h: remarks.note(text="Slow", inbox=h.ticket.inbox, ticket=h.ticket, actor=h.ana), "remark.noted",
        is_repeatable=False,
    ),
    complaining.follow: Change(
        lambda h: complaining.follow(h.ticket), "complaint.received",
        lambda h: sorting.retype(h.ticket, to="complaint", actor=h.ana),
    ),
    complaining.hear_answers: Change(
        lambda h: complaining.hear_answers(h.ticket), "complaint.acknowledged",
        lambda h: (h.complaint(), replying.reply(h.ticket, text="We are sorry.", actor=h.ana)),
    ),
    complaining.move: Change(
        lambda h: complaining.move(h.other(), h.ticket), "complaint.moved",
        lambda h: (h.complaint(), Complaint.objects.update(ticket=h.other())),
    ),
    complaining.acknowledge: Change(
        lambda h: complaining.acknowledge(h.complaint(), actor=h.ana), "complaint.acknowledged", House.complaint
    ),
    complaining.unacknowledge: Change(
        lambda h: complaining.unacknowledge(h.complaint(), actor=h.ana), "complaint.unacknowledged",
        lambda h: complaining.acknowledge(h.complaint(), actor=h.ana),
    ),
    complaining.decide: Change(
        lambda h: complaining.decide(h.complaint(), finding="upheld", actor=h.ana), "complaint.decided",
        House.complaint,
    ),
    complaining.undecide: Change(
        lambda h: complaining.undecide(h.complaint(), actor=h.ana), "complaint.undecided",
        lambda h: complaining.decide(h.complaint(), finding="upheld", actor=h.ana),
    ),
    complaining.close: Change(
        lambda h: complaining.close(h.complaint(), is_agreed=True, actor=h.ana), "complaint.closed",
        lambda h: complaining.decide(h.complaint(), finding="upheld", actor=h.ana),
    ),
    complaining.reopen: Change(
        lambda h: complaining.reopen(h.complaint(), actor=h.ana), "complaint.reopened",
        lambda h: complaining.close(
            complaining.decide(h.complaint(), finding="upheld", actor=h.ana), is_agreed=True, actor=h.ana
        ),
    ),
    reviewing.draw: Change(lambda h: reviewing.draw(h.plan()), "quality.drawn", House.plan),
    reviewing.review: Change(
        lambda h: reviewing.review(h.drawn(), grades=GOOD, actor=h.lead()), "quality.reviewed", House.drawn
    ),
    reviewing.take_back: Change(
        lambda h: reviewing.take_back(h.drawn(), actor=h.lead()), "quality.taken_back", House.reviewed
    ),
    reviewing.see: Change(lambda h: reviewing.see(h.drawn(), actor=h.ana), "quality.seen", House.reviewed),
    reviewing.reply: Change(
        lambda h: reviewing.reply(h.drawn(), text="Thanks", actor=h.ana), "quality.replied", House.reviewed
    ),
    opening_recoveries.open_for_answer: Change(
        lambda h: opening_recoveries.open_for_answer(h.low_answer()), "recovery.opened", House.low_answer
    ),
    opening_recoveries.open_for_review: Change(
        lambda h: opening_recoveries.open_for_review(h.bad_review()), "recovery.opened", House.bad_review
    ),
    opening_recoveries.open_by_hand: Change(
        lambda h: opening_recoveries.open_by_hand(h.ticket, actor=h.ana), "recovery.opened"
    ),
    opening_recoveries.leave_removed: Change(
        lambda h: opening_recoveries.leave_removed(h.ticket), "recovery.closed", House.recovery
    ),
    recovering.take_up: Change(
        lambda h: recovering.take_up(h.recovery(), actor=h.ana), "recovery.taken_up", House.recovery
    ),
    recovering.hear_reply: Change(
        lambda h: recovering.hear_reply(h.ticket.pk), "recovery.taken_up",
        lambda h: (h.recovery(), replying.reply(h.ticket, text="I am sorry.", actor=h.ana)),
    ),
    recovering.assign: Change(
        lambda h: recovering.assign(h.recovery(), owner=h.chloe(), actor=h.ana), "recovery.assigned", House.recovery
    ),
    recovering.explain: Change(
        lambda h: recovering.explain(h.recovery(), reason=h.reason(), actor=h.ana), "recovery.explained",
        lambda h: (h.recovery(), h.reason()),
    ),
    recovering.explain_answer: Change(
        lambda h: recovering.explain_answer(h.low_answer(), reason=h.reason(), actor=h.ana), "survey.explained",
        lambda h: (h.low_answer(), h.reason()),
    ),
    recovering.note: Change(
        lambda h: recovering.note(h.recovery(), text="She is at work until six.", actor=h.ana), "recovery.noted",
        House.recovery, is_repeatable=False,
    ),
    recovering.close: Change(House.closed_recovery, "recovery.closed", House.recovery),
    recovering.withdraw: Change(lambda h: recovering.withdraw(h.recovery()), "recovery.closed", House.recovery),
    recovering.reopen: Change(
        lambda h: recovering.reopen(h.recovery(), actor=h.ana), "recovery.reopened", House.closed_recovery
    ),
    recovering.again: Change(lambda h: recovering.again(h.recovery()), "recovery.reopened", House.closed_recovery),
    recovering.undo: Change(
        lambda h: recovering.undo(h.recovery(), Event.objects.get(verb="recovery.closed"), actor=h.ana),
        "recovery.reopened", House.closed_recovery, is_repeatable=False,
    ),
    watching_recoveries.warn: Change(
        lambda h: watching_recoveries.warn(h.recovery(), watching_recoveries.NEAR), "recovery.near", House.recovery
    ),
}  # fmt: skip

#: these change no ticket, with the reason
OTHERS: dict[Callable[..., Any], str] = {
    status.apply: "in memory; its callers save and record",
    **dict.fromkeys(
        [collisions.change, collisions.must_be_as_seen, collisions.last_event, status.must_be_answered],
        "only asks, before its caller's work",
    ),
    answering_fields.before: "only reads",
    **dict.fromkeys([merging.final, merging.merges_of], "only reads"),
    linking.links_of: "only reads",
    moving.settle: "in memory; its callers save and record",
    **dict.fromkeys(
        [status.must_work_tickets, status.must_work_in, status.must_answer_customers, status.must_be_here], "only asks"
    ),
    **dict.fromkeys([acting.clean, acting.describe, acting.tells_at_once, acting.when, undo.latest], "only reads"),
    sorting.tag_name: "only words",
    tagging.rename: "the tickets have the same tag as before; tests/tickets/test_brands_and_tags.py",
    **dict.fromkeys([access.give, access.forget], "the inbox's; tests/tickets/test_brands_and_tags.py"),
    **dict.fromkeys(
        [drafting.save, drafting.begun, drafting.discard, drafting.consume, drafting.tell],
        "a draft is no fact of the ticket until it is sent",
    ),
    **dict.fromkeys(
        [drafting.of, drafting.joined, drafting.new_key, drafting.once_key, drafting.files_beside], "only reads"
    ),
    drafting.must_be_allowed: "only asks",
    **dict.fromkeys([enclosing.attach, enclosing.detach, enclosing.choose], "files of a draft"),
    **dict.fromkeys([enclosing.put_on, enclosing.put_back], "part of what records the message, or takes it back"),
    **dict.fromkeys([enclosing.check, enclosing.most_bytes, enclosing.of], "only reads"),
    forwarding.default_subject: "only words",
    participants.include: "adds those an answer includes, each of which is recorded",
    participants.exclude_again: "part of withdrawing an answer, records each",
    **dict.fromkeys(
        [
            recipients.answered_by,
            recipients.latest_answerable,
            recipients.suggest,
            recipients.describe,
            recipients.decide,
            recipients.check,
            recipients.split,
            recipients.our_own,
            recipients.is_robot,
        ],
        "only reads",
    ),
    **dict.fromkeys([replying.must_be_able_to_reply, replying.must_have_seen, replying.done_before], "only asks"),
    replying.act_with: "part of the message of an operation, and what each act records",
    **dict.fromkeys(
        [macros.save, macros.delete, macros.note_use], "a macro, on no ticket's stream; tests/tickets/test_macros.py"
    ),
    **dict.fromkeys(
        [
            macros.may_share,
            macros.must_be_allowed,
            macros.check_fields,
            macros.values,
            macros.render,
            macros.described,
            macros.rank,
        ],
        "only asks or reads",
    ),
    replying.write: "the message of an operation, which records it",
    scheduling.stop: "part of what records why",
    scheduling.chosen_of: "only reads",
    sending.references: "only reads",
    sending.recipients: "only reads",
    sending.enqueue_reply: "the mail of a reply, which replying.reply records",
    sending.enqueue: "a mail waiting to be sent; that it was sent is recorded",
    sending.enqueue_forward: "the mail of a forward, which its caller records",
    **dict.fromkeys(
        [posting.routes, posting.route_to, posting.parts_of, posting.must_fit, posting.inboxes_with_work], "only reads"
    ),
    **dict.fromkeys([posting.enqueue, posting.write], "the row of a reply, which replying.reply records"),
    **dict.fromkeys(
        [
            collisions.thing_of,
            linking.kind_of,
            posting.capabilities,
            posting.file_address,
            posting.file_at,
            enclosing.free_name,
            traces.carried,
            traces.words_of,
        ],
        "only reads",
    ),
    **dict.fromkeys(
        [traces.forget_notices, traces.forget_answers, traces.show_what_is_left, traces.forget_words],
        "part of erasing, which records; tests/tickets/test_erasing.py",
    ),
    posting.ring_for_posts: "only a doorbell",
    **dict.fromkeys(
        [calls.log, calls.call_back, calls.answered_there], "records; tests/tickets/channels/phone/test_phone.py"
    ),
    calls.take: "records; tests/tickets/channels/phone/test_phone.py",
    **dict.fromkeys(
        [talking.talk_of, talking.open_for, talking.remember, talking.enclose], "part of hearing, which records"
    ),
    talking.ticket_of: "only reads",
    talking.amend: "records; tests/tickets/channels/test_conformance.py",
    posting.claim: "a lease",
    posting.part_taken: "part of a delivery; that all of it was sent is recorded",
    posting.rest: "an account; tests/tickets/channels/test_conformance.py",
    **dict.fromkeys(
        [posting.disconnect, posting.works_again, connecting.connect],
        "an inbox, recorded on no ticket; tests/tickets/channels/test_conformance.py",
    ),
    network_templates.keep: "what a network approved; tests/tickets/channels/meta/test_templates.py",
    **dict.fromkeys([network_templates.of, network_templates.filled, posting.measured], "only reads"),
    posting.give_up_overdue: "records; tests/tickets/channels/test_conformance.py",
    **dict.fromkeys(
        [posting.account_of, posting.webhook_url, posting.by_mail, posting.is_talk, posting.is_abroad], "only reads"
    ),
    sending.claimed: "only reads",
    **dict.fromkeys(
        [talking.receive, talking.hear, talking.hear_of, talking.seen],
        "records; tests/tickets/channels/test_conformance.py",
    ),
    talking.point_of: "a customer who has not written yet, or an address, which is recorded",
    sending.cancel: "takes a mail back before anybody began to send it; its caller records that",
    claims.claim: "a lease",
    claims.renew: "a lease",
    claims.hand_back: "a lease",
    claims.begin_transmission: "a lease",
    claims.servers_with_work: "only reads",
    claims.undelivered: "only reads",
    claims.tell: "records",
    claims.show_undelivered: "part of operations that record",
    claims.mark_bouncing: "part of operations that record",
    delivery_reports.ring_for_delivery: "only a doorbell",
    outages.pause: "an inbox; tests/tickets/test_sending_outages.py",
    outages.works: "a heartbeat",
    outages.away: "words in an inbox's settings",
    outages.resume: "an inbox; tests/tickets/test_sending_outages.py",
    intake.store: "a mail nobody has read yet",
    intake.claim: "a lease",
    intake.park: "a mail that is on no ticket",
    intake.renew: "a lease",
    intake.replay: "a mail that is on no ticket",
    writing_down.out_of_the_trash: "drafts the events its callers record",
    writing_down.created: "drafts the event its callers record",
    writing_down.write: "records the events of a batch of mails, which intake.receive is called with",
    locking.advisory_key: "only arithmetic",
    **dict.fromkeys([targets.lead_of, targets.almost_up], "only reads"),
    **dict.fromkeys([locking.hold, locking.hold_both, locking.hold_tickets_and_customers], "a lock"),
    machine_mail.load: "only reads",
    machine_mail.told: "words on a raw mail that its caller writes",
    moving.must_take: "only reads",
    moving.waiting_since: "only reads",
    moving.subject_of_its_own: "only reads",
    intake.assign_to: "moving.move, or a mail that is on no ticket yet",
    alarms.tell: "a notice about an inbox; tests/tickets/test_health.py",
    probing.is_due: "only asks",
    probing.send_if_due: "a test mail waiting to be sent; that it was sent is recorded",
    probing.send_now: "a test mail waiting to be sent; that it was sent is recorded",
    mail_desk.read_again: "a mail that is on no ticket; tests/tickets/test_intake_log.py",
    mail_desk.let_in: "a mail that is on no ticket; tests/tickets/test_intake_log.py",
    mail_desk.dismiss: "a mail that is on no ticket; tests/tickets/test_intake_log.py",
    **dict.fromkeys([bulk.ask, bulk.ask_undo], "writes down what is to be done; bulk.run does it and records"),
    **dict.fromkeys([bulk.to_do, bulk.result, bulk.of_event], "only reads"),
    bulk.claim: "a lease",
    bulk.cause_of: "only words",
    list_looks.choose: "an agent's taste; tests/tickets/test_looks.py",
    **dict.fromkeys([viewing.may_share, viewing.may_change], "only asks"),
    **dict.fromkeys(
        [viewing.save, viewing.change, viewing.share, viewing.delete, viewing.restore, viewing.arrange, viewing.place],
        "a saved view; tests/tickets/test_saved_views.py",
    ),
    webhook_secrets.accepted: "only reads",
    webhook_secrets.renew: "an inbox; tests/tickets/channels/email/test_webhook.py",
    webhook_secrets.revoke: "an inbox; tests/tickets/channels/email/test_webhook.py",
    health.note_received: "a heartbeat",
    health.note_sent: "a heartbeat",
    health.locked: "a lock",
    health.examine: "an inbox; tests/tickets/test_health.py",
    health.probe_token: "only reads",
    health.probe_came_back: "a heartbeat",
    **dict.fromkeys(
        [notifying.tell, notifying.forget_message, notifying.mark_read, notifying.mark_unread, notifying.forget_old],
        "what one agent was told; tests/tickets/test_notifications.py",
    ),
    notifying.choices_of: "only reads",
    **dict.fromkeys([pushing.devices, pushing.message], "only reads"),
    **dict.fromkeys(
        [pushing.subscribe, pushing.unsubscribe, pushing.forget_all, pushing.push_due],
        "what one agent's devices are told; tests/tickets/test_pushing.py",
    ),
    notifying.stop_mail: "somebody's choice, recorded on no ticket; tests/tickets/test_notice_mails.py",
    **dict.fromkeys(
        [notice_mails.send_due, notice_mails.send_to], "mails to agents; tests/tickets/test_notice_mails.py"
    ),
    notice_mails.last_digest: "only arithmetic",
    **dict.fromkeys([agent_notes.judge, agent_notes.answers_a_notice], "only reads"),
    **dict.fromkeys(
        [agent_notes.take, agent_notes.withhold], "part of intake.receive, records; tests/tickets/test_agent_notes.py"
    ),
    notifying.choose: "somebody's choice, recorded on no ticket; tests/tickets/test_notification_choices.py",
    budget.key: "only words",
    budget.key_on: "only words",
    asking.way_to: "only reads",
    remarks.hear_review: "writes down a remark; tests/tickets/channels/reviews/test_reviews.py",
    budget.lock: "a lock",
    budget.lock_all: "locks",
    budget.give_back: "counts a mail no longer; that it is asked by mail is recorded",
    budget.take: "counts a mail; that it was written is recorded",
    budget.draw: "counts a mail; that it was written is recorded",
    budget.refusal: "only reads",
    budget.never: "only reads",
    budget.is_ours: "only reads",
    budget.inbox_at: "only reads",
    budget.agent_at: "only reads",
    budget.forget_old: "forgets what counts no more",
    macros.forget_old_uses: "forgets what ranks nothing any more",
    acknowledging.decide: "only reads",
    acknowledging.carries: "only reads",
    acknowledging.compose: "only words",
    acknowledging.texts_of: "only reads",
    acknowledging.rehearse: "only reads",
    loops.may_reopen: "only reads",
    loops.is_own_echo: "only words",
    loops.machine: "only reads",
    loops.floods: "only reads",
    loops.raise_alarm: "an alarm of the inbox, on no ticket's stream",
    **dict.fromkeys(
        [asking.why_not, asking.because, asking.too_soon, asking.reason_between, asking.apart], "only reads"
    ),
    inviting.invite_to_round: "about no ticket; tests/feedback/test_rounds.py",
    inviting.ask_again: "after a recovery; tests/feedback/test_asking.py",
    **dict.fromkeys([rounds.ask_by_the_calendar, rounds.due], "about no ticket; tests/feedback/test_rounds.py"),
    mailing.is_left_to_mail: "only reads",
    mailing.saw_it_after_all: "the answer is recorded; tests/feedback/test_asking_in_chat.py",
    mailing.remind_silent: "records where it is time; tests/feedback/test_reminding.py",
    answering.opened: "that a page was shown, to a machine as like as not",
    answering.forget_hits: "forgets what nobody looks into any more",
    **dict.fromkeys(
        [balloting.hand_out, balloting.handed_out, balloting.promised, balloting.cast, balloting.burn_letter],
        "anonymous: no event may tell; tests/feedback/test_ballots.py",
    ),
    **dict.fromkeys([naming.called, naming.took_part], "only reads"),
    naming.take_out: "part of what is recorded of the erasing",
    inviting.follow_merge: "part of what is recorded of the merge",
    inviting.follow_talks: "part of what is recorded of the chat",
    inviting.language_of: "only reads",
    **dict.fromkeys([topics.standing, topics.openings, topics.latest], "only reads"),
    topics.look_at_remark: "records where it changes; its caller has the remark",
    topics.begin_resorting: "a job; what it changes is recorded ticket by ticket",
    topics.go_on: "the same",
    remarks.hear_answer: "what an answer says, which is recorded; tests/feedback/test_remarks.py",
    remarks.hear_complaint: "what a complaint says, which is recorded; tests/feedback/test_complaints.py",
    remarks.follow_merge: "part of what is recorded of the merge",
    **dict.fromkeys(
        [
            remarks.tone_of,
            remarks.may_work,
            complaining.acknowledge_by,
            complaining.end_of_days,
            reviewing.may_review,
            reviewing.week_of,
        ],
        "only reads",
    ),
    reviewing.choose: "only chance",
    topics.add_phrase: "a topic; tests/feedback/test_topics.py",
    mailing.send_due: "an invitation waiting to be sent; that it was sent is recorded",
    mailing.uncertain: "hears of message.uncertain, which is on the stream",
}
OTHERS |= {
    opening_recoveries.due: "only arithmetic",
    opening_recoveries.first_owner: "only reads",
    opening_recoveries.latest_ticket: "only reads",
    opening_recoveries.follow_ticket: "records on the other ticket; tests/feedback/test_recovering.py",
    opening_recoveries.follow_customers: "records on what moved; tests/feedback/test_recovering.py",
    complaining.move_back: "records on what moved; tests/feedback/test_complaints.py",
    **dict.fromkeys(
        [
            recovering.may_work,
            recovering.could_own,
            recovering.spared,
            recovering.spared_of,
            answering.repliers,
            watching_recoveries.to_say,
        ],
        "only reads",
    ),
}
MODULES_OF_OTHERS = {
    **dict.fromkeys(
        [f"tickets.operations.{name}" for name in ("customers", "customer_notes", "organisations", "blocking")],
        "change no ticket; tests/tickets/test_customers.py",
    ),
    "tickets.operations.erasing": "what was said, and no ticket's history; tests/tickets/test_erasing.py",
    "tickets.operations.carrying": "chats; tests/tickets/channels/chat/test_signing_in.py",
    "tickets.operations.merging_customers": "each of their tickets; tests/tickets/test_merging_customers.py",
    "tickets.operations.indexing": "writes what search looks in, from what is there; tests/tickets/test_indexing.py",
    "tickets.operations.threading": "only reads",
    "tickets.operations.chat_seats": "who takes chats; tests/tickets/channels/chat/test_at_the_desk.py",
    "tickets.operations.chatting": "visitors; tests/tickets/channels/chat/",
    "tickets.operations.leaving": "visitors who left; tests/tickets/channels/chat/test_leaving.py",
    "feedback.operations.bootstrapping": "the first start",
    "feedback.operations.account_files": "accounts, no ticket; tests/feedback/test_account_files.py",
    "feedback.operations.telling": "accounts, no ticket; tests/feedback/test_account_events.py",
    "feedback.operations.departments": "departments and reasons to begin with; tests/feedback/test_departments.py",
}


def operations() -> Iterator[Callable[..., Any]]:
    """Every public function of the operations' modules."""
    for package in (tickets.operations, feedback.operations):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = import_module(found.name)
            if found.name in MODULES_OF_OTHERS:
                continue
            for name, function in vars(module).items():
                own = getattr(function, "__module__", "") == found.name and inspect.isroutine(function)
                if own and not name.startswith("_"):
                    yield function


def named(function: Callable[..., Any]) -> str:
    return f"{function.__module__.removeprefix('tickets.operations.')}.{function.__name__}"


def test_every_operation_is_known_here() -> None:
    found = {named(function) for function in operations()}
    known = {named(function) for function in [*CHANGES, *OTHERS]}
    assert sorted(found - known) == [], "say in CHANGES how they are called and what they record"
    assert sorted(known - found) == [], "these are gone"


@pytest.mark.parametrize("operation", CHANGES, ids=named)
def test_a_change_is_an_event_and_its_repetition_is_none(
    operation: Callable[..., Any], ticket: Ticket, ana: Agent, team: Team
) -> None:
    house, change = House(ticket, ana, team), CHANGES[operation]
    change.before(house)
    ticket.refresh_from_db()
    known, last = set(Ticket.objects.values_list("pk", flat=True)), latest()
    change.call(house)
    events = list(Event.objects.filter(id__gt=last).order_by("id"))
    of = ticket.pk if operation is not opening.open_ticket else Ticket.objects.exclude(pk__in=known).get().pk
    assert change.verb in [event.verb for event in events if event.stream_id == of]
    if change.is_repeatable:
        last, before = latest(), state()
        change.call(house)
        assert latest() == last, "doing it again was no change, and yet it is an event"
        assert state() == before


def latest() -> int:
    return Event.objects.order_by("-id").values_list("id", flat=True).first() or 0


def state() -> list[Any]:
    """All that tickets, messages and mails are."""
    return [
        list(Ticket.objects.order_by("pk").values()), Ticket.tags.through.objects.count(),
        *(list(model.objects.order_by("pk").values()) for model in (OutgoingMail, Delivery, Invitation)),
    ]  # fmt: skip
