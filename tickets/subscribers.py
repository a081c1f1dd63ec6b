"""What the ticket floor does when it hears of events; and who may hear of them live."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.utils.translation import gettext as _

from helpdesk import limits, live
from helpdesk.addresses import objects_to_address
from helpdesk.doorbell import ring
from helpdesk.events import subscribe, subscribe_batch
from helpdesk.models import Agent, Event, Role
from helpdesk.prepared import Prepared
from tickets.models import Customer, Draft, Inbox, Message, Ticket, Visitor
from tickets.operations import (
    acknowledging,
    assignment,
    budget,
    carrying,
    chat_seats,
    chatting,
    leaving,
    merging_customers,
    notifying,
    organisations,
    pushing,
    scheduling,
)

# asked at nearly every event, and nearly always there are none
_visitors = Prepared(lambda place: Visitor.objects.filter(talk__ticket=place(int))[:1])
_for_later = Prepared(lambda place: Draft.objects.filter(ticket=place(int), send_at__isnull=False))
_chats_of = Prepared(
    lambda place: Ticket.objects.filter(pk=place(int), assignee=place(int), channel="chat"), related="assignee"
)


@live.audience_is
def audiences(agent: Any) -> frozenset[str] | None:
    """Admins hear everything; others what happens in the inboxes they see."""
    if isinstance(agent, Agent) and agent.is_admin:
        return None
    return frozenset(f"inbox:{pk}" for pk in Inbox.objects.visible_to(agent).values_list("pk", flat=True))


@limits.inboxes_are
def inboxes_of(agent: Agent) -> Sequence[tuple[int, str]]:
    """What a program's key may be limited to."""
    return list(Inbox.objects.visible_to(agent).values_list("pk", "name"))


#: what a change of one of these decides: who works in which inbox
_DECIDES = {"agent": {"role", "teams"}, "team": {"members"}, "inbox": {"teams"}}


@subscribe("agent.deactivated", "agent.changed", "team.changed", "inbox.changed", "inbox.access_changed")
def hand_over(event: Event) -> None:
    """What somebody had to do who left, or does not work in an inbox any more, goes back to their teams."""
    changed = _DECIDES[event.subject_type]
    if event.verb.endswith(".changed") and not changed & set(event.facts.get("fields", ())):
        return
    agents: Iterable[int] | None = None
    inboxes: Iterable[int] | None = None
    if event.subject_type == "agent":
        agents = [event.subject_id]
    elif event.subject_type == "team":
        inboxes = Inbox.objects.filter(teams=event.subject_id).values_list("pk", flat=True)
    else:
        inboxes = [event.subject_id]
        agents = [event.facts["agent"]] if "agent" in event.facts else None
    # it is that person's act, so that they can take it back when they give back what they took
    actor = Agent.objects.active().filter(pk=event.actor_id or 0, role=Role.ADMIN).first()
    assignment.take_from_outsiders(actor=actor, agents=agents, inboxes=inboxes)


@subscribe("message.received", "message.sent")
def show_mails_in_the_chat(event: Event) -> None:
    """What a visitor who left wrote and got by mail stands in their widget when they come back."""
    by_mail = event.facts.get("channel") == "email" if event.verb == "message.received" else event.facts.get("message")
    if by_mail and event.stream_id and _visitors(event.stream_id):
        message = Message.objects.select_related("sender").filter(pk=event.facts["message"]).first()
        if message is not None and message.channel == "email" and message.kind in ("incoming", "reply"):
            leaving.join_mail(message)


@subscribe("ticket.resolved", "ticket.closed", "ticket.reopened")
def show_ends_in_the_chat(event: Event) -> None:
    """An open widget says that its chat is over, or goes on."""
    live.publish([live.Notice("chat.ended", None, f"writing:{event.subject_id}", 0)])


@subscribe("customer.unmerged")
def part_chats(event: Event) -> None:
    """Who turned out to be somebody else has their chat for themselves again."""
    if source := Customer.objects.filter(pk=event.facts["source"]).first():
        carrying.give_back(source)


@subscribe("ticket.assigned")
def tell_who_goes_on(event: Event) -> None:
    """A visitor hears who goes on with them, where it is not who spoke with them until now."""
    for ticket in _chats_of(event.stream_id or 0, event.facts.get("agent") or 0):
        if ticket.assignee is not None:
            chatting.tell_who_goes_on(ticket, ticket.assignee, event=event.pk)


@subscribe("message.received")
def give_out_chats(event: Event) -> None:
    """A chat does not wait for the clock to be given to somebody."""
    if event.facts.get("channel") == "chat":
        from tickets.tasks import give_out_chats as task

        transaction.on_commit(lambda: ring(task), robust=True)


@receiver(user_logged_out)
def take_no_chats(user: Any = None, **_: Any) -> None:
    """Who signs out takes no chats any more."""
    if isinstance(user, Agent) and chat_seats.seat_of(user).is_available:
        chat_seats.switch(user, is_available=False, actor=user, why="signed_out")


@subscribe("agent.deactivated")
def forget_devices(event: Event) -> None:
    """Who left is told nothing any more, on any device."""
    pushing.forget_all(event.subject_id)


@subscribe("message.received", "message.replied", "ticket.closed")
def hold_back_what_was_scheduled(event: Event) -> None:
    """An answer written for later does not go out past what its author did not know of."""
    if event.facts.get("automated"):
        return
    if not event.stream_id or not (drafts := _for_later(event.stream_id)):
        return
    why = {"message.received": "customer_wrote", "message.replied": "answered"}.get(event.verb, "closed")
    by = event.actor_id if event.verb == "message.replied" else None
    scheduling.hold_back(drafts[0].ticket, why=why, since=event.pk, by=by)


@subscribe_batch("message.received")
def acknowledge_arrivals(events: Sequence[Event]) -> None:
    """Who opened a ticket is told that their message arrived, where the inbox does so."""
    acknowledging.acknowledge_all(event.facts["message"] for event in events)


@subscribe_batch("ticket.created")
def join_organisations(events: Sequence[Event]) -> None:
    """Who writes from an organisation's domain belongs to it."""
    organisations.join_by_domain({event.facts["customer"] for event in events if event.facts.get("customer")})


@subscribe_batch("ticket.created")
def take_along_what_came_late(events: Sequence[Event]) -> None:
    """A ticket opened while its customer was being merged is the other customer's too."""
    merging_customers.take_along(event.subject_id for event in events)


@subscribe_batch("ticket.*", "message.*", "mail.*")
def tell_agents(events: Sequence[Event]) -> None:
    """Whom it concerns is told, and not of what was taken back."""
    notifying.tell(events)
    for event in events:
        if event.verb == "message.withdrawn" and event.stream_id:
            notifying.forget_message(event.facts["message"], event.stream_id, event.facts.get("undone", ()))


@objects_to_address
def receives_mail_itself(address: str) -> str:
    """No agent has an inbox's address: what they are told would become tickets, of which they are told."""
    inbox = budget.inbox_at(address)
    return _("An inbox receives mail at this address: %(inbox)s.") % {"inbox": inbox} if inbox else ""
