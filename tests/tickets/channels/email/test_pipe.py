"""The pipe, run as a mail server runs it: a process of its own, and an exit status that says who has the mail now."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings

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


def test_a_mail_is_taken_from_standard_input_byte_for_byte(inbox):
    content = mail().replace(b"\n", b"\r\n") + bytes(range(256))
    result = pipe(content, "--sender", DORA, "--recipient", "Support+x@demo.localhost")
    assert result.returncode == 0, result.stderr.decode()
    raw = RawMessage.objects.get()
    assert bytes(raw.content) == content
    assert (raw.source, raw.envelope_from, raw.envelope_to) == ("pipe", DORA, ["support+x@demo.localhost"])
    assert InboxHealth.objects.get(inbox=inbox).received_at is not None


def test_without_words_it_is_for_the_first_inbox_and_with_two_recipients_for_both(inbox, billing):
    assert pipe(mail()).returncode == 0
    assert [raw.inbox.name for raw in RawMessage.objects.all()] == ["Support"]
    both = pipe(mail(), "--recipient", "support@demo.localhost", "--recipient", "billing@demo.localhost")
    assert both.returncode == 0
    assert sorted(raw.inbox.name for raw in RawMessage.objects.all()) == ["Billing", "Support", "Support"]


@pytest.mark.parametrize(
    "words",
    [
        ("--inbox", "nobody@demo.localhost"), ("--recipient", "nobody@demo.localhost"),
        ("--recipient", "support@demo.localhost", "--recipient", "nobody@demo.localhost"),
    ],
)  # fmt: skip
def test_an_inbox_nobody_has_is_67(inbox, words):
    result = pipe(mail(), *words)
    assert result.returncode == 67 and b"There is no inbox" in result.stderr
    assert not RawMessage.objects.exists()


@pytest.mark.parametrize("content", [b"", b" \r\n\r\n"], ids=["empty", "blank"])
def test_no_mail_is_65(inbox, content):
    result = pipe(content)
    assert result.returncode == 65 and b"no mail on standard input" in result.stderr


def test_a_mail_over_the_limit_is_65_and_is_read_to_its_end(inbox):
    result = pipe(b"x" * 3_000_000, MAIL_MAX_MB="1")
    assert result.returncode == 65 and b"larger than 1 MB" in result.stderr
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


def test_a_mistake_in_the_mail_server_s_configuration_is_75_too(inbox):
    assert pipe(mail(), "--recipients", "support@demo.localhost").returncode == 75


def test_it_holds_no_more_of_a_mail_than_it_needs(inbox):
    """Five times the limit comes in; the process stays as small as for an empty mail."""
    script = (
        "import resource, runpy, sys; sys.argv = ['manage.py', 'receive_mail']\n"
        "try: runpy.run_path('manage.py', run_name='__main__')\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    sizes = []
    for content in (b"", b"x" * 100_000_000):
        result = subprocess.run(
            [sys.executable, "-c", script], input=content, capture_output=True, check=False, timeout=120,
            cwd=Path(django_settings.BASE_DIR), env={**os.environ, "DATABASE_URL": database_url(), "MAIL_MAX_MB": "20"},
        )  # fmt: skip
        assert result.returncode == 65, result.stderr.decode()
        sizes.append(int(result.stderr.split()[-1]))
    assert sizes[1] - sizes[0] < 40_000, "kilobytes more than the limit's 20 MB and its copy"
