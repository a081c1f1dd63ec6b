"""F10 and F12: the database ends every session, takes no new one for a while, and holds locks."""

import threading
import time

import pytest
from django.db import connection, transaction

from tests.faults import ledger
from tests.faults.smtp_server import Rule
from tests.faults.world import IS_LONG_RUN, World, until, waiting
from tickets.models import RawMessage, Ticket
from tickets.operations import intake
from tickets.operations.locking import advisory_key


class Database:
    """What an administrator can do to it, over a session of its own."""

    def __init__(self) -> None:
        self.name, self.spared = connection.settings_dict["NAME"], list[int]()
        connection.ensure_connection()
        self.own = connection.connection.info.backend_pid
        self.session = connection.copy()
        self.session.inc_thread_sharing()
        self.session.settings_dict = {**connection.settings_dict, "NAME": "postgres"}

    def ask(self, words: str) -> list[tuple[object, ...]]:
        with self.session.cursor() as cursor:
            cursor.execute(words)
            return cursor.fetchall() if cursor.description else []

    def end_sessions(self) -> None:
        """As a restart does (`pg_ctl restart -m fast`), but for the test's own session."""
        self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{self.name}' AND pid NOT IN ({self.own}, pg_backend_pid())"
        )

    def refuse(self, yes: bool) -> None:
        """Take no new sessions, or take them again."""
        self.ask(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS {"false" if yes else "true"}')

    def away(self, seconds: float) -> None:
        """Be away for a while."""
        self.refuse(True)
        try:
            self.end_sessions()
            time.sleep(seconds)
        finally:
            self.refuse(False)


@pytest.fixture
def database(transactional_db: None):  # type: ignore[no-untyped-def]
    database = Database()
    yield database
    database.refuse(False)
    database.session.close()


@pytest.mark.faults("F10")
def test_mail_goes_on_when_the_database_comes_back(world: World, database: Database) -> None:
    seconds = 60 if IS_LONG_RUN else 6
    world.row.injected = f"every session ended twice a second, the database away at times, for {seconds} s"
    _room, port = world.mailroom()
    world.open_mailbox()
    worker = world.start("worker")
    tickets = [world.ticket() for _ in range(3)]
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        world.lies_on_the_server(world.letter())
        world.reply(tickets[number % 3], f"Answer {number}")
        letter = world.letter()
        until(lambda letter=letter: world.hand_in(port, letter), what="somebody says 250")
        if number % 4:
            database.end_sessions()
        else:
            database.away(1)
        world.row.kills += 1
        time.sleep(0.3)
    until(lambda: RawMessage.objects.filter(source="imap").count() == number, 60)
    until(lambda: not waiting(), 90, "the worker goes on")
    worker.end()
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 3 + 2 * number
    assert set(world.states().values()) == {"sent"}


@pytest.mark.faults("F10")
@pytest.mark.parametrize("moment", ["while the 250 is awaited", "after the 250"])
def test_what_the_next_server_said_is_not_forgotten_while_the_database_is_away(
    world: World, database: Database, moment: str
) -> None:
    """The database goes away when the dot is out. It comes back in seconds: what we heard meanwhile is written down."""
    world.row.injected = f"database away for 4 s {moment}"
    world.replies(2)
    early = moment == "while the 250 is awaited"
    world.next_server.rules.append(Rule("dot", wait=2 if early else 0))
    worker = world.start("worker", failpoint="" if early else "out.250_seen:sleep2")
    until(lambda: world.next_server.journal.accepted)
    outage = threading.Thread(target=database.away, args=(4,))
    outage.start()
    outage.join()
    until(lambda: not waiting(), 60)
    worker.end()
    world.drain()
    world.audit()
    assert set(world.states().values()) == {"sent"}


@pytest.mark.faults("F12")
def test_a_mail_that_meets_a_locked_row_is_not_blamed_for_it(world: World) -> None:
    """A deadlock or a lock timeout is the database's trouble: nothing is parked, the mail comes again."""
    world.row.injected = "lock_timeout while a batch is put on tickets"
    for number in range(6):
        content = world.letter(sender=f"Customer {number} <customer{number}@customer.example>")
        world.note(ledger.Given(world.inbox.pk, content))
        intake.store(inbox=world.inbox, content=content, source="test")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [advisory_key("from customer3@customer.example")])
        worker = world.start("worker", mutation="waits_for_no_lock")
        until(lambda: Ticket.objects.count() == 5)
        until(lambda: "waits for the database" in worker.said())
    worker.end()
    assert list(RawMessage.objects.exclude(state="done").values_list("state", flat=True)) == ["received"]
    world.drain()
    world.audit()
    assert Ticket.objects.count() == 6
