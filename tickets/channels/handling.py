"""The workers' side of channels other than email: read raw bodies, poll, and hand answers on.

A thread for each inbox with work, so that a network that hangs holds up nobody else's.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog
from django.db import close_old_connections, connection, transaction

from helpdesk import clock
from helpdesk.failpoints import reach
from tickets.channels import directory, splitting
from tickets.channels.protocol import (
    Account,
    Called,
    Capabilities,
    Channel,
    Edited,
    File,
    Happened,
    Later,
    OutgoingFile,
    Post,
    Raw,
    Refused,
    Said,
    TokenDead,
    Trouble,
    Unknowable,
    Unreadable,
)
from tickets.models import (
    Attachment,
    ChannelAccount,
    ChannelMessage,
    ContactPoint,
    Delivery,
    OutgoingMail,
    RawMessage,
)
from tickets.operations import health, intake, network_templates, posting, sending
from tickets.operations.posting import account_of
from tickets.operations.talking import Heard

log = structlog.get_logger(__name__)

BATCH = 20
#: how many inboxes are worked at once
THREADS = 8
#: a poll has so long before another may begin
POLL_LEASE = timedelta(seconds=90)
#: a rate limit without a time
REST = timedelta(seconds=30)


# ---------------------------------------------------------------------- in


def read(raw: RawMessage) -> Heard:
    """What a raw body says, its files fetched; the reason where nobody can tell."""
    channel, account = directory.of(raw.inbox.channel), account_of(raw.inbox)
    try:
        happened = [_with_files(channel, account, one) for one in channel.parse(account, bytes(raw.content))]
        happened = [_with_names(channel, account, one) for one in happened]
    except Unreadable as error:
        return Heard(raw, problem=str(error))
    except Exception as error:  # a defect of ours must not stop what is behind it
        log.exception("a raw body could not be read", raw=raw.pk)
        return Heard(raw, problem=f"Reading it failed: {error!r}"[:2000])
    return Heard(raw, happened)


def _with_files(channel: Channel, account: Account, one: Happened) -> Happened:
    said = one.said if isinstance(one, Edited | Called) else one
    if not isinstance(said, Said) or not any(file.content is None for file in said.files):
        return one
    files = tuple(file if file.content is not None else _fetched(channel, account, file) for file in said.files)
    fetched = replace(said, files=files)
    return replace(one, said=fetched) if isinstance(one, Edited | Called) else fetched


def _with_names(channel: Channel, account: Account, one: Happened) -> Happened:
    """Who writes for the first time and is not named is asked for at the network, where it tells."""
    if not isinstance(one, Said) or one.sender.name or type(channel).introduce is Channel.introduce:
        return one
    if ContactPoint.objects.filter(channel=channel.kind, address=one.sender.address[:320]).exists():
        return one
    try:
        return replace(one, sender=channel.introduce(account, one.sender))
    except Exception as error:  # they stay unnamed
        log.warning("nobody says who writes", inbox=account.inbox, error=str(error))
        return one


def _fetched(channel: Channel, account: Account, file: File) -> File:
    """A message is not held up for a file that cannot be had: it says so."""
    try:
        return channel.fetch(account, file)
    except Exception as error:
        log.warning("a file could not be fetched", inbox=account.inbox, error=str(error))
        return file


def poll_all() -> int:
    """Poll every account whose turn it is. Returns how many raw bodies were kept."""
    polled = [kind for kind, channel in directory.every().items() if channel.is_polled]
    accounts = ChannelAccount.objects.filter(kind__in=polled, inbox__is_active=True, dead_since=None)
    kept: list[int] = []
    _in_threads([partial(_poll_into, kept, pk) for pk in accounts.values_list("pk", flat=True)])
    return sum(kept)


def _poll_into(kept: list[int], pk: int) -> None:
    kept.append(poll(pk))


def poll(pk: int) -> int:
    """Ask one account's network what is new, and keep it. Two workers never ask at once."""
    now = clock.now()
    free = ChannelAccount.objects.filter(pk=pk).exclude(polling_until__gt=now).exclude(paused_until__gt=now)
    if not free.update(polling_until=now + POLL_LEASE):
        return 0
    account = ChannelAccount.objects.select_related("inbox").get(pk=pk)
    count = 0
    try:
        for step in directory.of(account.kind).poll(account_of(account.inbox)):
            with transaction.atomic():
                for raw in step.raws:
                    count += keep(account, raw.content, raw.key, source="poll")
                ChannelAccount.objects.filter(pk=pk).update(cursor=step.cursor, polled_at=clock.now())
            reach("in.raw_committed")
        posting.works_again(account)
    except Trouble as trouble:
        _troubled(account, trouble)
    finally:
        ChannelAccount.objects.filter(pk=pk).update(polling_until=None)
    return count


def keep(account: ChannelAccount, content: bytes, key: str, *, source: str) -> int:
    """Keep a raw body; 0 for one we have."""
    if intake.store(inbox=account.inbox, content=content, source=source, source_key=key[:120]) is None:
        return 0
    health.note_received(account.inbox_id)
    return 1


def fetch_templates() -> int:
    """Ask the networks that have templates which there are now. Returns how many accounts were asked."""
    kinds = [kind for kind, one in directory.every().items() if type(one).templates is not Channel.templates]
    accounts = ChannelAccount.objects.filter(kind__in=kinds, inbox__is_active=True, dead_since=None)
    for account in accounts.select_related("inbox"):
        try:
            network_templates.keep(account, directory.of(account.kind).templates(account_of(account.inbox)))
        except Trouble as trouble:  # those we have stay
            log.warning("templates cannot be had", inbox=account.inbox_id, error=str(trouble))
    return len(accounts)


def keep_all(account: ChannelAccount, raws: Sequence[Raw], *, source: str) -> int:
    """Keep raw bodies, all of them or none. Returns how many of them are new."""
    with transaction.atomic():
        return sum(keep(account, raw.content, raw.key, source=source) for raw in raws)


def _troubled(account: ChannelAccount, trouble: Trouble) -> None:
    log.warning("a channel has trouble", inbox=account.inbox_id, kind=account.kind, error=str(trouble))
    if isinstance(trouble, TokenDead):
        posting.disconnect(account, str(trouble))
        return
    ChannelAccount.objects.filter(pk=account.pk).update(problem=str(trouble)[:1000])
    if isinstance(trouble, Later) and (trouble.rests or trouble.after):
        posting.rest(account.inbox_id, clock.now() + (trouble.after or REST))


# ---------------------------------------------------------------------- out


def deliver_due(seconds: float) -> tuple[int, bool]:
    """Hand on what is due until nothing is, or for so long. Returns how many, and whether more may be due."""
    until = time.monotonic() + seconds
    done: list[int] = []
    while time.monotonic() < until:
        before = sum(done)
        _in_threads([partial(_deliver_into, done, pk, until) for pk in posting.inboxes_with_work()])
        if sum(done) == before:
            return before, False
    return sum(done), True


def _in_threads(jobs: list[Callable[[], object]]) -> None:
    """Do these, some at once; each thread has its own connection to the database."""
    if len(jobs) == 1:
        jobs[0]()
        return

    def work(mine: list[Callable[[], object]]) -> None:
        try:
            for job in mine:
                close_old_connections()
                try:
                    job()
                except Exception:
                    log.exception("a channel's work failed")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=work, args=(jobs[n::THREADS],), daemon=True) for n in range(min(THREADS, len(jobs)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _deliver_into(done: list[int], inbox: int, until: float) -> None:
    done.append(_deliver_of(inbox, until))


def _deliver_of(inbox: int, until: float) -> int:
    count = 0
    while time.monotonic() < until:
        deliveries = posting.claim(BATCH, inbox=inbox, lease=uuid.uuid4())
        if not deliveries:
            break
        reach("out.claimed")
        for number, delivery in enumerate(deliveries):
            if not _hand_on(delivery):  # the account rests: what was claimed with it waits, too
                for other in deliveries[number + 1 :]:
                    sending.hand_back(other)
                return count
            count += 1
    return count


def deliver_one(pk: int) -> bool:
    """Hand on this one if it is its turn. False where a worker has to see to it."""
    deliveries = posting.claim(1, only=pk, lease=uuid.uuid4())
    return bool(deliveries) and _hand_on(deliveries[0])


def _hand_on(delivery: Delivery) -> bool:
    """Hand one answer on, part by part. False where the account can send nothing now."""
    mail, account = delivery.mail, delivery.mail.inbox.account
    channel, seen_by_adapter = directory.of(mail.inbox.channel), account_of(mail.inbox)
    if delivery.lease:
        sending.renew(delivery.lease)
    try:
        for number, post in enumerate(posts_of(delivery)):
            if number < len(delivery.receipts):
                continue
            if not channel.repeats_safely(post) and not sending.begin_transmission(delivery):
                return True
            receipt = channel.deliver(seen_by_adapter, post)
            reach("out.handed_on")
            if not posting.part_taken(delivery, number, receipt):
                return True
        sending.sent(delivery, "")
        health.note_sent(mail.inbox_id)
    except TokenDead as trouble:
        sending.hand_back(delivery)
        posting.disconnect(account, str(trouble))
        return False
    except Later as trouble:
        _later(delivery, trouble)
        return not trouble.rests
    except Refused as trouble:
        sending.refused(delivery, str(trouble), for_good=True)
    except Unknowable as trouble:
        sending.unknowable(delivery, str(trouble))
    return True


def _later(delivery: Delivery, trouble: Later) -> None:
    if trouble.rests:
        until = clock.now() + (trouble.after or REST)
        posting.rest(delivery.mail.inbox_id, until)
        sending.hand_back(delivery, until=until)
    elif trouble.after:
        sending.hand_back(delivery, until=clock.now() + trouble.after)
    else:
        sending.refused(delivery, str(trouble), for_good=False)


def posts_of(delivery: Delivery) -> Iterator[Post]:
    """The parts of an answer, always the same for the same row; its files go with the last one."""
    mail, talk = delivery.mail, delivery.mail.conversation
    assert talk is not None
    can = posting.capabilities(mail.inbox, talk)
    template = mail.headers.get("template") or {}
    parts = [mail.text] if template else posting.parts_of(mail.text, can)
    messages = _messages(parts, _files(mail, can), can)
    key = mail.message_id.partition("@")[0]
    answered = _answered(mail.said_id, talk.pk)
    for number, (text, files) in enumerate(messages):
        yield Post(
            key=f"{key}.{number}", thread=talk.thread, to=talk.point.address, text=text, is_public=talk.is_public,
            files=files, facts=talk.facts, template=template,
            answers=delivery.receipts[number - 1] if number else answered,
        )  # fmt: skip


def _messages(
    texts: Sequence[str], files: tuple[OutgoingFile, ...], can: Capabilities
) -> list[tuple[str, tuple[OutgoingFile, ...]]]:
    """Texts and files as the network takes them together: the files with the last text, or after it."""
    messages: list[tuple[str, tuple[OutgoingFile, ...]]] = [(text, ()) for text in texts]
    most = can.files_a_message or max(len(files), 1)
    bundles = [files[n : n + most] for n in range(0, len(files), most)]
    last = texts[-1]
    if bundles and (not last or can.most_caption is None or splitting.measure(last, can) <= can.most_caption):
        messages[-1] = (last, bundles.pop(0))
    return [*messages, *(("", bundle) for bundle in bundles)]


def _files(mail: OutgoingMail, can: Capabilities) -> tuple[OutgoingFile, ...]:
    found = Attachment.objects.filter(message=mail.said_id).select_related("file") if mail.said_id else []
    return tuple(
        OutgoingFile(
            one.filename, one.content_type, one.file.read(),
            posting.file_address(one.pk, mail.pk) if can.fetches_files else "",
        )
        for one in found
    )  # fmt: skip


def _answered(message: int | None, talk: int) -> str:
    """What the network calls the latest message of theirs before this answer."""
    theirs = ChannelMessage.objects.filter(conversation=talk, message__kind="incoming")
    before = theirs.filter(message__lt=message) if message else theirs
    return before.order_by("-message").values_list("identifier", flat=True).first() or ""
