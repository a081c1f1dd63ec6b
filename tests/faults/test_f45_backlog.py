"""F45: thousands of mails wait after an outage, and people see what comes now."""

from datetime import timedelta

import pytest

from tests.faults.imap_mailbox import Rule
from tests.faults.world import IS_LONG_RUN, ROUNDS, World, until
from tickets.models import MailFolder, OutgoingMail, RawMessage, Ticket

COUNT = 10_000 * ROUNDS if IS_LONG_RUN else 400


@pytest.mark.faults("F45")
@pytest.mark.timeout(3000)
def test_live_mail_is_on_a_ticket_while_a_backlog_is_fetched(world: World) -> None:
    """Oldest and newest are fetched by turns; a mail that comes now waits for neither. Old ones get no answer."""
    world.row.injected = f"{COUNT:,} mails of the last two days wait in the mailbox"
    world.inbox.acknowledges = True
    world.inbox.save()
    world.open_mailbox()
    for _ in range(COUNT):
        world.lies_on_the_server(world.letter(), age=timedelta(hours=30))
    world.post.rules.append(Rule("UID FETCH", wait=0 if IS_LONG_RUN else 0.2, times=-1))
    world.mailroom()
    worker = world.start("worker")
    until(lambda: RawMessage.objects.count() >= 100)
    live = world.letter(subject="Just now")
    world.lies_on_the_server(live)
    until(lambda: Ticket.objects.filter(subject="Just now").exists(), 120, "the live mail is on a ticket")
    assert RawMessage.objects.count() < COUNT, "it waited for the whole backlog"
    until(lambda: RawMessage.objects.count() == COUNT + 1, 60 + COUNT / 20)
    until(lambda: MailFolder.objects.get().last_uid == COUNT + 1)
    until(lambda: not RawMessage.objects.filter(state="received").exists(), 60 + COUNT / 50)
    worker.end()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == COUNT + 1
    answered = OutgoingMail.objects.filter(purpose="acknowledgement").values_list("ticket__subject", flat=True)
    assert list(answered) == ["Just now"], "mail that waited for more than a day is answered by people alone"
