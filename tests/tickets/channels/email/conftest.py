"""What the tests of mail share: a real IMAP server, and a mailbox on it that is empty for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dovecot import Dovecot, dovecot
from tickets.channels.email import imap
from tickets.channels.email.fetching import Stumbles
from tickets.channels.email.fetching import fetch as fetch_mailbox
from tickets.models import Inbox, Mailbox, MailFolder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    with dovecot(tmp_path_factory.mktemp("dovecot")) as server:
        yield server


@pytest.fixture
def mailbox(server: Dovecot, inbox: Inbox) -> Mailbox:
    """A mailbox with one folder, in which nothing was looked at yet."""
    server.fresh()
    mailbox = Mailbox.objects.create(
        inbox=inbox, host=server.host, port=server.port, security="none", username=server.username,
        password=server.password,
    )  # fmt: skip
    MailFolder.objects.create(mailbox=mailbox, name="INBOX")
    return mailbox


def fetch(mailbox: Mailbox, stumbles: Stumbles | None = None, **more: Any) -> int:
    """One session: sign in, fetch, leave."""
    mailbox = Mailbox.objects.select_related("inbox", "grant").get(pk=mailbox.pk)
    session = imap.connect(mailbox, timeout=10)
    try:
        return fetch_mailbox(mailbox, session, stumbles, **more)
    finally:
        imap.leave(session)


def begun(mailbox: Mailbox) -> Mailbox:
    """The mailbox after its first look, when nothing was there."""
    assert fetch(mailbox) == 0
    return mailbox
