"""What goes out by a channel other than email: where it goes, whether it fits, and whose turn it is to hand it on.

An answer is the same row as a mail is (`OutgoingMail`, one `Delivery`), with the talk it goes into: so it is taken
back, retried, shown and counted like one. `receipts` names the parts the network has taken, so that a repeat goes on
where the last attempt ended.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, Model, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from psycopg.types.numeric import Int8

from helpdesk import clock, content, live, statements
from helpdesk.doorbell import ring
from helpdesk.events import record
from helpdesk.failpoints import reach
from helpdesk.prepared import Prepared, columns, insert, made
from tickets.channels import directory, protocol, splitting
from tickets.channels.protocol import Capabilities, Receipt, Template
from tickets.models import (
    Attachment,
    ChannelAccount,
    ChannelMessage,
    ContactPoint,
    Conversation,
    Delivery,
    DeliveryState,
    Inbox,
    Message,
    OutgoingMail,
    Ticket,
)
from tickets.operations import claims, health, locking, network_templates, sending
from tickets.operations.delivery_reports import PATIENCE
from tickets.operations.status import NotPossible

#: a route by mail, in forms
BY_MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Route:
    """A way to answer on a ticket: into a talk, or by mail (no talk)."""

    talk: Conversation | None
    kind: str
    #: who is reached, as people call them
    to: str
    is_public: bool
    can: Capabilities
    #: why nothing can be sent this way now, in words; "" when it can
    closed: str = ""
    #: it is the network's time for free words that is over, and nothing else: a template may still be sent
    is_late: bool = False
    #: what may be sent then
    templates: tuple[Template, ...] = ()

    @property
    def key(self) -> str:
        """As a form says it."""
        return str(self.talk.pk) if self.talk else BY_MAIL

    @property
    def tel(self) -> str:
        """The number one can call instead, where nothing can be written; "" where there is none."""
        return self.talk.point.tel if self.talk and self.can.is_read_only and not self.is_public else ""

    @property
    def url(self) -> str:
        """Where people can look at the latest message of theirs."""
        if self.talk is None:
            return ""
        url = self.talk.messages.exclude(url="").order_by("-pk").values_list("url", flat=True).first() or ""
        return url if url.startswith("https://") else ""

    @property
    def name(self) -> str:
        """What the channel is called."""
        return str(directory.of(self.kind).name)

    @property
    def is_measured(self) -> bool:
        """Whether its network counts more than messages."""
        return type(directory.of(self.kind)).measure is not protocol.Channel.measure

    @property
    def label(self) -> str:
        """What people here call this way: the inbox's name, or email."""
        return self.talk.inbox.name if self.talk else self.name


def measured(route: Route, parts: Sequence[str]) -> str:
    """What sending these parts costs, in words, where the network counts."""
    return directory.of(route.kind).measure(parts)


def routes(ticket: Ticket) -> list[Route]:
    """The talks one can answer into on this ticket, the latest heard first. None on a ticket of mail alone."""
    sql, models = _talking()
    with statements.cursor() as cursor:
        cursor.execute(sql, [Int8(ticket.pk)])
        rows = cursor.fetchall()
    return [_route(talk) for row in rows if is_talk((talk := _talk(row, models)).inbox.channel)]


@lru_cache(maxsize=1)
def _talking() -> tuple[str, dict[str, type[Model]]]:
    """The talks of a ticket with all that a route is made of, in our own words: every answer asks for them."""
    models: dict[str, type[Model]] = {"t": Conversation, "p": ContactPoint, "i": Inbox, "a": ChannelAccount}
    wanted = ", ".join(f'{sign}."{name}"' for sign, model in models.items() for name in columns(model))
    sql = f"""
        SELECT {wanted} FROM tickets_conversation t JOIN tickets_contactpoint p ON p.id = t.point_id
        JOIN tickets_inbox i ON i.id = t.inbox_id LEFT JOIN tickets_channelaccount a ON a.inbox_id = i.id
        WHERE t.id IN (
            SELECT c.conversation_id FROM tickets_channelmessage c JOIN tickets_message m ON m.id = c.message_id
            WHERE m.ticket_id = %s
        )
        ORDER BY t.heard_at DESC NULLS LAST, t.id DESC
    """  # noqa: S608 - names of columns only
    return sql, models


def _talk(row: Sequence[Any], models: Mapping[str, type[Model]]) -> Conversation:
    parts: dict[str, Any] = {}
    for sign, model in models.items():
        width = len(columns(model))
        parts[sign], row = made(model, row[:width]) if row[0] is not None else None, row[width:]
    talk, inbox, account = parts["t"], parts["i"], parts["a"]
    talk.point, talk.inbox = parts["p"], inbox
    if account is not None:
        account.inbox = inbox
    inbox._state.fields_cache["account"] = account
    return cast(Conversation, talk)


_spoken_in = Prepared(lambda place: ChannelMessage.objects.filter(message=place(int)).order_by("pk")[:1])


def by_mail(ticket: Ticket) -> Route | None:
    """The way by mail; None where the customer has no address or no mail goes out from here."""
    address = next(iter(sending.recipients(ticket)), "")
    if not address or ticket.inbox.mailing is None:
        return None
    return Route(None, "email", address, False, directory.of("email").can)


def is_talk(kind: str) -> bool:
    """Whether what came by this channel is answered into a talk, and not by mail."""
    return is_abroad(kind) and not directory.of(kind).can.answers_by_mail


def is_abroad(kind: str) -> bool:
    """Whether what comes by this channel is known by a name of its network's, and not as a mail."""
    return kind in directory.every() and kind != "email"


def route_to(
    ticket: Ticket, answered: Message | None, via: str = "", *, known: Sequence[Route] | None = None
) -> Route | None:
    """Where an answer goes: into the talk that was chosen, else the one of the message it answers; None is by mail.

    `known` are the ticket's `routes`, where they are at hand. Raises NotPossible for a talk that is not this ticket's.
    """
    came = answered.channel if answered is not None else ticket.channel
    if via == BY_MAIL or (not via and not is_talk(came)):
        return None
    known = routes(ticket) if known is None else known
    if via:
        chosen = next((one for one in known if one.key == via), None)
        if chosen is None:
            raise NotPossible(_("That conversation is not on this ticket."))
        return chosen
    spoken = next((one.conversation_id for one in _spoken_in(answered.pk)), None) if answered else None
    return next(
        (one for one in known if one.talk and one.talk.pk == spoken), None if answered else next(iter(known), None)
    )


def capabilities(inbox: Inbox, talk: Conversation | None = None) -> Capabilities:
    """What the network of an inbox carries, for the account it has there; in this talk, if one is given."""
    channel = directory.of(inbox.channel)
    can = channel.capabilities(account_of(inbox)) if hasattr(inbox, "account") else channel.can
    return can.in_private if can.in_private and talk is not None and not talk.is_public else can


def _route(talk: Conversation) -> Route:
    can = capabilities(talk.inbox, talk)
    closed = _closed(talk, can)
    late = "" if closed else _late(talk, can)
    return Route(
        talk, talk.inbox.channel, str(talk.point), talk.is_public, can, closed=closed or late, is_late=bool(late),
        templates=network_templates.of(getattr(talk.inbox, "account", None)) if can.window else (),
    )  # fmt: skip


def _closed(talk: Conversation, can: Capabilities) -> str:
    account: ChannelAccount | None = getattr(talk.inbox, "account", None)
    if can.is_read_only:
        words = str(directory.of(talk.inbox.channel).read_only_words)
        return words or _("Nothing can be sent this way from here.")
    if not talk.inbox.is_active:
        return _("This inbox is no longer in use.")
    if account is not None and account.dead_since:
        return _("This inbox is disconnected: %(problem)s") % {"problem": account.problem}
    return directory.of(talk.inbox.channel).closed(talk.facts)


def _late(talk: Conversation, can: Capabilities) -> str:
    if can.window is not None and (talk.heard_at is None or clock.now() > talk.heard_at + can.window):
        hours = int(can.window.total_seconds() // 3600)
        return _("The network lets nobody answer more than %(hours)d hours after the customer last wrote.") % {
            "hours": hours
        }
    return ""


def parts_of(text: str, can: Capabilities) -> list[str]:
    """The messages an answer becomes."""
    return splitting.split(text, can)


def must_fit(route: Route, text: str, files: Sequence[tuple[str, str, int]], *, template: bool = False) -> None:
    """Raise NotPossible where the network does not take this answer. `files`: (name, media type, bytes) of each."""
    can = route.can
    if route.closed and not (template and route.is_late):
        raise NotPossible(route.closed)
    if template and files:
        raise NotPossible(_("No files go with a template."))
    if not can.splits and can.most_text and splitting.measure(text, can) > can.most_text:
        raise NotPossible(
            _("%(channel)s takes %(most)d characters at most; this is %(n)d.")
            % {"channel": route.name, "most": can.most_text, "n": splitting.measure(text, can)}
        )
    if files and not can.files:
        raise NotPossible(_("%(channel)s carries no files.") % {"channel": route.name})
    if len(files) > can.most_files:
        raise NotPossible(
            _("%(channel)s takes %(most)d files at most with one answer.")
            % {"channel": route.name, "most": can.most_files}
        )
    for name, media_type, size in files:
        if not media_type.startswith(can.files):
            raise NotPossible(_("%(channel)s does not take “%(file)s”.") % {"channel": route.name, "file": name})
        if size > can.most_file:
            raise NotPossible(
                _("“%(file)s” is larger than the %(most)d MB %(channel)s takes.")
                % {"channel": route.name, "file": name, "most": max(can.most_file // 1024 // 1024, 1)}
            )


def enqueue(
    message: Message, talk: Conversation, *, delay: timedelta = timedelta(0), template: dict[str, object] | None = None,
    purpose: OutgoingMail.Purpose = OutgoingMail.Purpose.REPLY,
) -> OutgoingMail:  # fmt: skip
    """The row of an answer that goes into a talk, due after `delay`, in the caller's transaction."""
    return write(
        talk, ticket=message.ticket, said=message, text=message.text, message_id=message.message_id, delay=delay,
        purpose=purpose, template=template,
    )  # fmt: skip


@transaction.atomic(savepoint=False)
def write(
    talk: Conversation, *, ticket: Ticket | None, text: str, message_id: str, purpose: OutgoingMail.Purpose,
    said: Message | None = None, delay: timedelta = timedelta(0), template: dict[str, object] | None = None,
) -> OutgoingMail:  # fmt: skip
    """A row for what goes into a talk; of our own accord where nobody `said` it."""
    mail = OutgoingMail(
        inbox=talk.inbox, ticket=ticket, said=said, conversation=talk, purpose=purpose, message_id=message_id,
        to=[talk.point.address], text=text, headers={"template": template} if template else {},
    )  # fmt: skip
    insert(mail)
    due = clock.now() + delay
    delivery = Delivery(mail=mail, recipient=talk.point.address, due_at=due, give_up_at=due + PATIENCE[purpose])
    is_at_home = not delay and directory.of(talk.inbox.channel).can.is_at_home
    if is_at_home and _is_its_turn(talk):
        _put_into_the_talk(delivery, talk)
        return mail
    insert(delivery)
    if is_at_home:
        transaction.on_commit(lambda: _hand_on_here(delivery.pk), robust=True)
    else:
        ring_for_posts(delay)
    return mail


def _is_its_turn(talk: Conversation) -> bool:
    """Whether nothing is to be handed on before, and nobody else writes to the talk; then it is held.

    It is not waited for: who hears of a talk holds it before its ticket, and we hold the ticket.
    """
    with statements.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_try_advisory_xact_lock(%s) AND NOT EXISTS (
                SELECT FROM tickets_delivery d JOIN tickets_outgoingmail m ON m.id = d.mail_id
                WHERE m.conversation_id = %s AND d.state IN ('queued', 'sending')
            )
            """,
            [Int8(locking.advisory_key(f"talk {talk.inbox_id} {talk.thread}")), Int8(talk.pk)],
        )
        return bool(cursor.fetchone()[0])


def _put_into_the_talk(delivery: Delivery, talk: Conversation) -> None:
    """No network stands between: an answer is sent with the transaction that writes it, and open widgets are told."""
    mail = delivery.mail
    receipt = f"{mail.message_id.partition('@')[0]}.0"
    delivery.state, delivery.sent_at = DeliveryState.SENT, delivery.due_at
    delivery.attempts, delivery.receipts = 1, [receipt]
    insert(delivery)
    row = ChannelMessage(
        inbox=mail.inbox, identifier=receipt[:255], conversation=talk, message=mail.said,
        mail=None if mail.said_id else mail,
    )  # fmt: skip
    insert(row)
    notice = live.Notice("chat.message", None, f"talk:{talk.pk}", row.pk)
    transaction.on_commit(lambda: reach("out.tx_committed"))
    live.publish_after_commit([notice])
    sending.tell("message.sent", delivery)
    health.note_sent(mail.inbox_id)


def _hand_on_here(delivery: int) -> None:
    """Handed on at once all the same, behind what came between. What cannot be is left to the workers."""
    from tickets.channels import handling
    from tickets.tasks import deliver_posts

    reach("out.tx_committed")
    if not handling.deliver_one(delivery):
        ring(deliver_posts)


def ring_for_posts(delay: timedelta = timedelta(0)) -> None:
    """After the commit, ask a worker to hand on what is due."""
    from tickets.tasks import deliver_posts

    transaction.on_commit(lambda: reach("out.tx_committed"))
    transaction.on_commit(lambda: ring(deliver_posts, after=delay), robust=True)


# ---------------------------------------------------------------------- whose turn it is


def _due(now: datetime) -> QuerySet[Delivery]:
    """What may be handed on now: of accounts that work, and nothing before what was said before it in its talk."""
    due = Delivery.objects.filter(state=DeliveryState.QUEUED, due_at__lte=now, mail__conversation__isnull=False)
    resting = Q(mail__inbox__account__paused_until__gt=now) | Q(mail__inbox__account__dead_since__isnull=False)
    before = Delivery.objects.filter(
        mail__conversation=OuterRef("mail__conversation"), mail_id__lt=OuterRef("mail_id"),
        state__in=[DeliveryState.QUEUED, DeliveryState.SENDING],
    )  # fmt: skip
    return due.exclude(resting).filter(~Exists(before))


def inboxes_with_work() -> list[int]:
    """The inboxes that have something to hand on."""
    return list(_due(clock.now()).order_by().values_list("mail__inbox", flat=True).distinct())


@transaction.atomic
def claim(limit: int, *, lease: uuid.UUID, inbox: int | None = None, only: int | None = None) -> list[Delivery]:
    """Take up to `limit` due deliveries of an inbox, one of each talk, or one of them.

    Nobody else gets them while the lease lasts.
    """
    now = clock.now()
    wanted = _due(now).filter(mail__inbox=inbox) if only is None else _due(now).filter(pk=only)
    found = wanted.select_for_update(skip_locked=True, of=("self",)).only("pk")
    ids = [one.pk for one in found.order_by("due_at", "pk")[:limit]]
    if ids:
        reach("out.undo_elapsed")
    Delivery.objects.filter(pk__in=ids).update(
        state=DeliveryState.SENDING, lease=lease, lease_until=now + claims.LEASE, attempts=F("attempts") + 1,
        transmitting=False,
    )  # fmt: skip
    claimed = Delivery.objects.filter(pk__in=ids).select_related(
        "mail__inbox__account", "mail__said", "mail__ticket", "mail__conversation__point"
    )
    return list(claimed.order_by("due_at", "pk"))


@transaction.atomic
def part_taken(delivery: Delivery, number: int, receipt: Receipt) -> bool:
    """The network took a part of an answer: remember what it calls it. False when the lease was lost."""
    talk = _held(delivery.mail)
    receipts = [*delivery.receipts[:number], receipt.identifier]
    mine = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING, lease=delivery.lease)
    is_mine = bool(mine.update(receipts=receipts, transmitting=False))
    if is_mine:
        delivery.receipts = receipts
    ChannelMessage.objects.bulk_create(
        [
            ChannelMessage(
                inbox=delivery.mail.inbox, identifier=receipt.identifier[:255], conversation=talk,
                message=delivery.mail.said, mail=None if delivery.mail.said_id else delivery.mail, part=number,
                url=receipt.url[:500],
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    if talk is not None and directory.of(delivery.mail.inbox.channel).can.is_at_home:
        latest = ChannelMessage.objects.filter(conversation=talk).aggregate(at=Max("pk"))["at"] or 0
        notice = live.Notice("chat.message", None, f"talk:{talk.pk}", latest)
        live.publish_after_commit([notice])
    return is_mine


def _held(mail: OutgoingMail) -> Conversation | None:
    """The talk an answer goes into, held: what is said in it is numbered in the order in which it can be read.

    It may go on in another one since it was asked for (`carrying`).
    """
    for _hop in range(3):
        talk = mail.conversation
        if talk is None:
            return None
        locking.hold(f"talk {talk.inbox_id} {talk.thread}")
        if OutgoingMail.objects.filter(pk=mail.pk, conversation=talk).exists():
            return talk
        mail.refresh_from_db(fields=["conversation"])
    return mail.conversation


def account_of(inbox: Inbox) -> protocol.Account:
    """The inbox's account as its adapter sees it."""
    kept: Any = inbox.account
    return protocol.Account(
        inbox=inbox.pk, address=kept.address, config=kept.config, secrets=kept.secrets, cursor=kept.cursor,
        webhook_url=webhook_url(kept),
    )  # fmt: skip


def file_address(attachment: int, mail: int) -> str:
    """Where the network an answer goes to fetches a file of it, for some hours; whoever knows the address can."""
    path = content.address("content_sent_file", attachment, mail)
    return path if path.startswith("http") else f"{settings.BASE_URL}{path}"


def file_at(attachment: int, mail: int) -> Attachment | None:
    """What `file_address` was made for, as long as the answer was not taken back."""
    sent = OutgoingMail.objects.filter(pk=mail, conversation__isnull=False, said__withdrawn_at=None).values("said")
    return Attachment.objects.select_related("file").filter(pk=attachment, message__in=sent).first()


def webhook_url(account: ChannelAccount) -> str:
    """Where its network sends what happens."""
    return f"{settings.BASE_URL}{reverse('channel_hook', args=[account.kind, account.key])}"


@transaction.atomic
def rest(inbox: int, until: datetime) -> None:
    """Leave an account alone for a while, because its network says so."""
    ChannelAccount.objects.filter(inbox=inbox).exclude(paused_until__gte=until).update(paused_until=until)


@transaction.atomic
def disconnect(account: ChannelAccount, words: str) -> None:
    """The network no longer knows us: nothing goes in or out until somebody connects the account anew."""
    locked = ChannelAccount.objects.select_for_update(of=("self",)).select_related("inbox").get(pk=account.pk)
    if locked.dead_since is None:
        locked.dead_since, locked.problem = clock.now(), words[:1000]
        locked.save(update_fields=["dead_since", "problem"])
        record("inbox.disconnected", locked.inbox, actor=None, kind=locked.kind)


@transaction.atomic
def works_again(account: ChannelAccount) -> None:
    """The account was connected anew, or answers again: what waited goes out."""
    locked = ChannelAccount.objects.select_for_update(of=("self",)).select_related("inbox").get(pk=account.pk)
    if locked.dead_since or locked.problem or locked.paused_until:
        was_dead = locked.dead_since is not None
        locked.dead_since, locked.paused_until, locked.problem = None, None, ""
        locked.save(update_fields=["dead_since", "paused_until", "problem"])
        if was_dead:
            record("inbox.connected", locked.inbox, actor=None, kind=locked.kind)
        ring_for_posts()


def give_up_overdue(now: datetime | None = None) -> int:
    """What a dead account kept longer than one waits for an answer has failed. Returns how many that were."""
    at = now or clock.now()
    late = Delivery.objects.filter(
        state=DeliveryState.QUEUED, give_up_at__lt=at, mail__conversation__isnull=False,
        mail__inbox__account__dead_since__isnull=False,
    )  # fmt: skip
    return sum(_give_up(delivery.pk, at) for delivery in late.only("pk")[:500])


@transaction.atomic
def _give_up(pk: int, at: datetime) -> bool:
    lease = uuid.uuid4()
    mine = Delivery.objects.filter(pk=pk, state=DeliveryState.QUEUED, give_up_at__lt=at)
    if not mine.update(state=DeliveryState.SENDING, lease=lease, lease_until=at + claims.LEASE):
        return False
    delivery = Delivery.objects.select_related("mail__inbox__account", "mail__ticket").get(pk=pk)
    return claims.refused(delivery, delivery.mail.inbox.account.problem, for_good=True)
