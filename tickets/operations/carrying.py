"""A chat begun by nobody in particular is somebody's once they sign in on the site, and can be made nobody's again.

What was said in it goes into that person's own talk, so that it goes on in their widget, and who they were until then
is merged into who they are. The browser's old token ends: whoever knew it reads nothing of what follows.
"""

from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from helpdesk import clock
from helpdesk.events import record
from tickets.models import (
    ChannelMessage,
    Conversation,
    Customer,
    CustomerMerge,
    MessageKind,
    OutgoingMail,
    Status,
    Ticket,
    Visitor,
)
from tickets.operations import chatting, locking, merging_customers, talking
from tickets.operations.status import NotPossible

#: why they are one, on the customer's page
REASON = "The site signed who they are while they chatted."


@transaction.atomic
def carry_over(before: Visitor, visitor: Visitor, *, digest: str) -> bool:
    """Let what an unknown visitor said be said by whom the site signs for. True where something was carried over.

    `digest` is of the token the unknown one had; it ends. Nothing is carried where an agent has made them somebody
    already, where they were blocked, or where they left an address that the site does not sign.
    """
    locking.hold(f"visitor {digest}")
    before = Visitor.objects.select_related("talk__point__customer", "inbox").get(pk=before.pk)
    if before.user_id or not visitor.user_id or before.inbox_id != visitor.inbox_id or before.talk is None:
        return False
    signed = visitor.email.lower() if visitor.is_email_vouched else ""
    if before.email and before.email.lower() != signed:
        return False
    for thread in sorted((before.thread, visitor.thread)):
        locking.hold(f"talk {before.inbox_id} {thread}")
    old = before.talk
    was = merging_customers.standing_for(old.point.customer)
    if not ChannelMessage.objects.filter(conversation=old).exists():
        return False
    point = talking.point_of(before.inbox, chatting.person_of(visitor, visitor.name))
    now = merging_customers.standing_for(point.customer)
    merge: CustomerMerge | None = None
    if was.pk != now.pk:
        if was.is_blocked or not _is_nobody(was, signed):  # a merge would block whom the site signs for
            return False
        try:
            with transaction.atomic():
                merge = merging_customers.merge(was, now, actor=None, reason=REASON)
        except NotPossible:
            return False
    else:
        _hold_tickets(old)
    talk, _is_new = Conversation.objects.get_or_create(
        inbox=before.inbox, thread=visitor.thread, defaults={"point": point, "created_at": old.created_at}
    )
    marks = _marks(before, visitor, old, talk)
    _move(old, talk)
    ticket, theirs = talk.ticket, old.ticket
    is_done = ticket is None or ticket.status in (Status.RESOLVED, Status.CLOSED)
    if is_done and theirs is not None and theirs.status != Status.SPAM:  # what is spam goes on nowhere
        talk.ticket = theirs
    talk.heard_at = max(filter(None, (talk.heard_at, old.heard_at)), default=None)
    talk.facts = {**old.facts, **talk.facts, chatting.CARRIED: _times(talk) + 1}
    talk.save(update_fields=["ticket", "heard_at", "facts"])
    Conversation.objects.filter(pk=old.pk).update(facts={**old.facts, chatting.CARRIED_TO: talk.pk})
    Visitor.objects.filter(pk=before.pk).update(left_at=clock.now())
    Visitor.objects.filter(pk=visitor.pk).update(
        talk=talk, here_at=clock.now(), left_at=None, language=visitor.language or before.language, **marks
    )
    chatting.sign_out(digest)
    if old.ticket is not None:
        facts: dict[str, Any] = {"merge": merge.pk} if merge else {}
        record("chat.carried_over", old.ticket, actor=None, visitor=visitor.pk, was=before.pk, **facts)
    chatting.tell(talk.pk, chatting.latest(talk.pk))
    chatting.tell_anew(talk.pk)
    chatting.tell_over(old.pk)
    return True


def _times(talk: Conversation) -> int:
    return int(talk.facts.get(chatting.CARRIED, 0))


def _hold_tickets(*talks: Conversation) -> None:
    """Lock the tickets of these talks, so that whoever answers in one now knows where it goes on.

    A talk is held before its tickets.
    """
    said = ChannelMessage.objects.filter(conversation__in=talks, message__isnull=False)
    Ticket.objects.all_locked(set(said.values_list("message__ticket", flat=True)))


def _marks(before: Visitor, visitor: Visitor, old: Conversation, talk: Conversation) -> dict[str, int]:
    """How far they are when both talks are one: nothing new to them is passed over, and they may be told twice."""
    marks = {}
    for name in ("got_to", "seen_to", "mailed_to"):
        mine, theirs = getattr(before, name), getattr(visitor, name)
        new = chatting.shown(old).filter(pk__gt=mine) | chatting.shown(talk).filter(pk__gt=theirs)
        first = new.filter(message__kind=MessageKind.REPLY).order_by("pk").values_list("pk", flat=True).first()
        marks[name] = min(max(mine, theirs), first - 1 if first else max(mine, theirs))
    return marks


def _is_nobody(customer: Customer, email: str) -> bool:
    """Whether all that is known of them is that they chatted here, and the address the site signs."""
    known = Q(channel="chat", address__startswith="visitor:") | Q(channel="email", address=email)
    return not customer.contact_points.exclude(known).exists()


def _move(old: Conversation, talk: Conversation) -> None:
    """Let what was said in one talk be said in another, and know from where it came."""
    OutgoingMail.objects.filter(conversation=old).update(conversation=talk)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE tickets_channelmessage SET conversation_id = %s, facts = facts || jsonb_build_object('carried', %s)"
            " WHERE conversation_id = %s",
            [talk.pk, old.pk, old.pk],
        )


@transaction.atomic
def give_back(source: Customer) -> int:
    """They were two after all: what was carried over for this customer is theirs alone again. Returns how many rows."""
    count = 0
    for old in Conversation.objects.filter(inbox__channel="chat", point__customer=source).select_related("inbox"):
        rows = ChannelMessage.objects.filter(inbox=old.inbox, facts__carried=old.pk).select_related("conversation")
        mine = [row for row in rows if row.conversation is not None and row.conversation_id != old.pk]
        if not mine:
            continue
        talk = mine[0].conversation
        assert talk is not None
        for thread in sorted((old.thread, talk.thread)):
            locking.hold(f"talk {old.inbox_id} {thread}")
        _hold_tickets(old, talk)
        said = [row.message_id for row in mine if row.message_id]
        sent = [row.mail_id for row in mine if row.mail_id]
        OutgoingMail.objects.filter(Q(said__in=said) | Q(pk__in=sent), conversation=talk).update(conversation=old)
        for row in mine:
            row.conversation, row.facts = old, {key: one for key, one in row.facts.items() if key != "carried"}
        ChannelMessage.objects.bulk_update(mine, ["conversation", "facts"], batch_size=500)
        old.facts.pop(chatting.CARRIED_TO, None)
        old.save(update_fields=["facts"])
        talk.facts[chatting.CARRIED] = _times(talk) + 1
        talk.save(update_fields=["facts"])
        chatting.tell_anew(talk.pk)
        if talk.ticket_id is not None and Ticket.objects.filter(pk=talk.ticket_id, customer=source).exists():
            Conversation.objects.filter(pk=talk.pk).update(ticket=None)
        count += len(mine)
        if old.ticket is not None:
            record("chat.given_back", old.ticket, actor=None, messages=len(mine))
    return count
