"""F55: what comes back of a mail may come before we have written down that it went."""

import signal

import pytest

from tests.faults import ledger
from tests.faults.world import World, until
from tickets.models import Delivery, Message, RawMessage, Ticket
from tickets.operations import intake
from tickets.tasks import receive_mail

REPORT = """\
From: Mail Delivery System <mailer-daemon@next.example>
To: {sender}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <report-{delivery.pk}@next.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_1"

--=_1
Content-Type: text/plain

I am sorry: there is no such person here.

--=_1
Content-Type: message/delivery-status

Reporting-MTA: dns; next.example

Final-Recipient: rfc822; {delivery.recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such person

--=_1
Content-Type: text/rfc822-headers

From: {delivery.mail.inbox.address}
To: {delivery.recipient}
Message-ID: <{delivery.mail.message_id}>
Subject: {delivery.mail.subject}

--=_1--
"""


def report(delivery: Delivery, sender: str) -> bytes:
    """A delivery report (RFC 3464) about this delivery: there is no such person."""
    return REPORT.format(delivery=delivery, sender=sender).replace("\n", "\r\n").encode()


def bounce(world: World, delivery: Delivery) -> RawMessage:
    """The report comes in, to the address the mail was sent from."""
    sent_from = world.next_server.journal.accepted[-1].sender
    content = report(delivery, sent_from)
    world.books.given.append(ledger.Given(world.inbox.pk, content, ordinary=False))
    raw = intake.store(
        inbox=world.inbox, content=content, source="test", envelope_from="", envelope_to=[sent_from]
    )  # fmt: skip
    assert raw is not None
    receive_mail()
    raw.refresh_from_db()
    return raw


@pytest.mark.faults("F55")
def test_a_bounce_that_overtakes_our_own_writing_finds_its_delivery(world: World) -> None:
    """The worker stands still between the 250 and writing it down; the bounce comes; the worker goes on."""
    world.row.injected = "SIGSTOP at out.250_seen, the report arrives, SIGCONT"
    message = world.reply(world.ticket())
    worker = world.start("worker", failpoint="out.250_seen:stop")
    until(lambda: world.next_server.journal.accepted and worker.is_stopped)
    raw = bounce(world, Delivery.objects.select_related("mail__inbox").get())
    worker.signal(signal.SIGCONT)
    until(lambda: "sending" not in world.states().values())
    worker.end()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 1, "a report is no new matter"
    assert raw.state in ("done", "recorded"), raw.reason
    assert list(world.states().values()) == ["bounced"]
    assert Message.objects.filter(pk=message.pk).exists()


@pytest.mark.faults("F55")
def test_a_bounce_after_the_worker_died_settles_what_nobody_knew(world: World) -> None:
    """We died before we wrote the 250 down. The report says that it was taken, and what became of it."""
    world.row.injected = "kill -9 at out.250_seen, then the report"
    world.reply(world.ticket())
    world.dies(world.start("worker", failpoint="out.250_seen:kill9"))
    world.drain()
    assert list(world.states().values()) == ["uncertain"]
    bounce(world, Delivery.objects.select_related("mail__inbox").get())
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 1
    assert list(world.states().values()) == ["bounced"]
