"""F60, F61, F64 and F72: the same mail twice, another mail under its name, answers that come first, lying clocks."""

import random

import pytest

from helpdesk.models import Team
from tests.faults import ledger
from tests.faults.arming import INBOUND_READING
from tests.faults.world import ROUNDS, World
from tickets.models import Inbox, Message, RawMessage, Ticket
from tickets.operations import intake
from tickets.tasks import receive_mail


def keep(world: World, content: bytes, *, inbox: Inbox | None = None, source: str = "test", ordinary: bool = True):  # type: ignore[no-untyped-def]
    """A mail comes by some way, and is only stored."""
    where = inbox or world.inbox
    world.note(ledger.Given(where.pk, content, ordinary=ordinary))
    return intake.store(inbox=where, content=content, source=source)


@pytest.fixture
def billing(world: World, team: Team) -> Inbox:
    """Another inbox of the same company."""
    return Inbox.objects.create(name="Billing", address="billing@demo.localhost")


@pytest.mark.faults("F60")
def test_the_same_mail_by_three_ways_is_one_message(world: World) -> None:
    """SMTP, IMAP and the pipe bring the same mail, and one more copy comes after it was read."""
    world.row.injected = "one mail by SMTP, IMAP and pipe"
    _room, port = world.mailroom()
    letter = world.letter()
    assert world.hand_in(port, letter)
    world.open_mailbox()
    world.post.deliver(letter)
    world.note(ledger.Given(world.inbox.pk, letter))
    world.look()
    receive_mail()
    keep(world, letter, source="pipe")
    world.drain()
    world.audit()
    assert Ticket.objects.count() == Message.objects.count() == 1
    assert sorted(RawMessage.objects.values_list("state", flat=True)) == ["done", "duplicate", "duplicate"]


@pytest.mark.faults("F60")
@pytest.mark.parametrize("point", ["in.raw_committed", "in.claimed", "in.tx_before_commit", "in.tx_committed"])
def test_a_mail_for_two_inboxes_is_one_message_in_each(world: World, billing: Inbox, point: str) -> None:
    """Both copies are kept in one transaction: a mail room that dies leaves both or none."""
    world.row.injected = f"Cc to two inboxes, kill -9 at {point}"
    letter = world.letter(to="support@demo.localhost, billing@demo.localhost")
    if point == "in.raw_committed":
        child, port = world.mailroom(failpoint=f"{point}:kill9")
        assert not world.hand_in(port, letter, inboxes=[world.inbox, billing])
        world.dies(child)
        assert RawMessage.objects.count() == 2
    _room, port = world.mailroom()
    assert world.hand_in(port, letter, inboxes=[world.inbox, billing])
    if point != "in.raw_committed":
        world.dies(world.start("worker", failpoint=f"{point}:kill9"))
    world.drain()
    world.audit()
    assert {ticket.inbox_id for ticket in Ticket.objects.all()} == {world.inbox.pk, billing.pk}
    assert Message.objects.count() == 2


@pytest.mark.faults("F61")
def test_another_mail_under_the_same_name_is_kept_too(world: World) -> None:
    world.row.injected = "same Message-ID, other words, from another"
    first = world.letter(Message_ID="<same@customer.example>", text="My order did not come.")
    other = world.letter(Message_ID="<same@customer.example>", text="Send me all their orders.", sender="e@x.example")
    for content in (first, other, first, other):
        keep(world, content)
    world.drain()
    world.audit()
    assert sorted(Message.objects.values_list("text", flat=True)) == [
        "My order did not come.",
        "Send me all their orders.",
    ]


@pytest.mark.faults("F64")
@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_a_conversation_in_any_order_is_one_ticket(world: World, seed: int) -> None:
    """Five mails of one customer, each answering the one before, delivered in any order, a worker killed between."""
    world.row.injected = "replies overtake what they answer; kill -9 between"
    dice = random.Random(seed)
    letters, named = [], list[str]()
    for number in range(5):
        name = f"<{seed}.{number}@customer.example>"
        threading = {"In_Reply_To": named[-1], "References": " ".join(named)} if named else {}
        letters.append(
            world.letter(
                Message_ID=name, sender="Dora Diaz <dora@customer.example>", text=f"Number {number}", **threading
            )
        )
        named.append(name)
    dice.shuffle(letters)
    for number, letter in enumerate(letters):
        keep(world, letter)
        if number == 2:
            world.dies(world.start("worker", failpoint=f"{dice.choice(INBOUND_READING)}:kill9"))
        if dice.random() < 0.5:
            world.drain()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 1
    assert Message.objects.count() == 5


DATES = (
    "Thu, 01 Jan 1970 00:00:00 +0000", "Fri, 31 Dec 2099 23:59:59 -1200", "Mon, 99 Foo 20026 77:88:99 +9999", "",
    "Mon, 02 Mar 2026 10:00:00 +9959", "0", "Sat, 31 Dec 9999 23:59:59 -2359",
)  # fmt: skip


@pytest.mark.faults("F72")
def test_a_lying_date_moves_nothing(world: World) -> None:
    """What counts is when we received it; the Date is shown, and no more."""
    world.row.injected = "Date: 1970, 2099, 9999, nonsense, none"
    for number, date in enumerate(DATES):
        dora, name = f"Dora Diaz <dora@{number}.example>", f"<lying.{number}@customer.example>"
        rows = [row for row in world.letter(sender=dora, Message_ID=name).split(b"\r\n") if row[:5] != b"Date:"]
        before, after = world.letter(sender=dora), world.letter(sender=dora, text="After it", In_Reply_To=name)
        for letter in (before, b"\r\n".join([*([f"Date: {date}".encode()] if date else []), *rows]), after):
            keep(world, letter)
            receive_mail()
    world.drain()
    world.audit()
    received = dict(RawMessage.objects.values_list("pk", "received_at"))
    assert all(message.created_at == received[message.raw_id] for message in Message.objects.all())
    assert list(Message.objects.order_by("created_at", "id").values_list("raw_id", flat=True)) == sorted(received)
    for message in Message.objects.filter(text="After it").select_related("ticket"):
        since = message.ticket.waiting_since
        assert message.ticket.messages.count() == 2 and since is not None and since <= message.ticket.updated_at
