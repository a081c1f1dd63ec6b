"""The pipe, run as a mail server runs it: a process of its own, and an exit status that says who has the mail now.

What is refused after it started is asked of the same door without a process: starting one takes most of a second.
"""

import io
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings

import manage
from tests.conftest import mail
from tickets.models import InboxHealth, RawMessage

pytestmark = pytest.mark.django_db(transaction=True)
DORA = "dora@customer.example"


def database_url() -> str:
    database = django_settings.DATABASES["default"]
    host = database["HOST"]
    where = quote(host, safe="") if host.startswith("/") else f"{host}:{database['PORT'] or 5432}"
    return f"postgresql://{database['USER']}@{where}/{database['NAME']}"


def pipe(content: bytes, *words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "manage.py", "receive_mail", *words],
        input=content,
        capture_output=True,
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": database_url(), **env},
        check=False,
        timeout=120,
    )


@pytest.fixture
def pipe_here(monkeypatch, capsys):
    """The pipe in this process, with the settings of the tests: its exit status and what it complained of."""

    def run(content: bytes, *words: str) -> tuple[int, str]:
        stdin, status = io.TextIOWrapper(io.BytesIO(content)), 0
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["manage.py", "receive_mail", *words])
            patch.setattr(sys, "stdin", stdin)
            try:
                manage.take_mail()
            except SystemExit as end:
                assert isinstance(end.code, int)
                status = end.code
        assert status == 75 or not stdin.buffer.read(1), "what is left in a pipe breaks it"
        return status, capsys.readouterr().err

    return run


def test_a_mail_is_taken_from_standard_input_byte_for_byte(inbox):
    content = mail().replace(b"\n", b"\r\n") + bytes(range(256))
    result = pipe(content, "--sender", DORA, "--recipient", "Support+x@demo.localhost")
    assert result.returncode == 0, result.stderr.decode()
    raw = RawMessage.objects.get()
    assert bytes(raw.content) == content
    assert (raw.source, raw.envelope_from, raw.envelope_to) == ("pipe", DORA, ["support+x@demo.localhost"])
    assert InboxHealth.objects.get(inbox=inbox).received_at is not None


def test_without_words_it_is_for_the_first_inbox_and_with_two_recipients_for_both(inbox, billing, pipe_here):
    assert pipe_here(mail()) == (0, "")
    assert [raw.inbox.name for raw in RawMessage.objects.all()] == ["Support"]
    both = pipe_here(mail(), "--recipient", "support@demo.localhost", "--recipient", "billing@demo.localhost")
    assert both == (0, "")
    assert sorted(raw.inbox.name for raw in RawMessage.objects.all()) == ["Billing", "Support", "Support"]


def test_an_inbox_nobody_has_is_67(inbox):
    result = pipe(mail(), "--inbox", "nobody@demo.localhost")
    assert result.returncode == 67 and b"There is no inbox" in result.stderr
    assert not RawMessage.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--recipient", "nobody@demo.localhost"),
        ("--recipient", "support@demo.localhost", "--recipient", "nobody@demo.localhost"),
    ],
    ids=["alone", "beside another"],
)
def test_a_recipient_who_is_no_inbox_is_67(inbox, words, pipe_here):
    status, complaint = pipe_here(mail(), *words)
    assert status == 67 and "There is no inbox" in complaint
    assert not RawMessage.objects.exists()


@pytest.mark.parametrize("content", [b"", b" \r\n\r\n"], ids=["empty", "blank"])
def test_no_mail_is_65(inbox, content, pipe_here):
    status, complaint = pipe_here(content)
    assert status == 65 and "no mail on standard input" in complaint


def test_a_mail_over_the_limit_is_65_and_is_read_to_its_end(inbox, pipe_here, settings):
    settings.MAIL_MAX_MB = 1
    status, complaint = pipe_here(b"x" * 3_000_000)
    assert status == 65 and "larger than 1 MB" in complaint
    assert not RawMessage.objects.exists()


@pytest.mark.parametrize(
    "trouble",
    [
        {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}, {"DATABASE_URL": "mysql://x"},
        {"MAIL_MAX_MB": "much"}, {"SMTP_TLS_REQUIRED": "1"},
    ],
    ids=["the database is away", "another database", "a wrong setting", "half a setting"],
)  # fmt: skip
def test_whatever_is_wrong_with_us_is_75_so_that_nothing_goes_back_to_the_sender(inbox, trouble):
    result = pipe(mail(), **trouble)
    assert result.returncode == 75, result.stderr.decode()


def test_a_mistake_in_the_mail_server_s_configuration_is_75_too(inbox, pipe_here):
    status, complaint = pipe_here(mail(), "--recipients", "support@demo.localhost", "nobody")
    assert status == 75 and "unrecognized arguments" in complaint


def test_it_holds_no_more_of_a_mail_than_it_needs(inbox):
    """Five times the limit comes in; the process stays as small as for an empty mail."""
    script = (
        "import io, manage, resource, sys\n"
        "sys.argv, pipe = ['manage.py', 'receive_mail'], sys.stdin\n"
        "for sys.stdin in (io.TextIOWrapper(io.BytesIO()), pipe):\n"
        "    try: manage.take_mail()\n"
        "    except SystemExit as end: print(end.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], input=b"x" * 100_000_000, capture_output=True, check=True, timeout=120,
        cwd=Path(django_settings.BASE_DIR), env={**os.environ, "DATABASE_URL": database_url(), "MAIL_MAX_MB": "20"},
    )  # fmt: skip
    (empty, before), (large, after) = (map(int, line.split()) for line in result.stdout.splitlines())
    assert (empty, large) == (65, 65), result.stderr.decode()
    assert after - before < 40_000, "kilobytes more than the limit's 20 MB and its copy"
