"""Mail posted by programs: signed or not at all, once and not twice, and never said to be stored when it is not."""

import hashlib
import json
import re
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client

from helpdesk import clock
from helpdesk.models import Event
from tests.conftest import mail
from tests.tickets.channels.email.test_smtp_server import every_insert_fails
from tests.web import served
from tickets.channels.email import webhook
from tickets.models import InboxHealth, RawMessage
from tickets.operations import webhook_secrets

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def secret(inbox, admin):
    return webhook_secrets.renew(inbox, actor=admin)


def post(inbox, secret: str, body: bytes, *, at: float | None = None, kind: str = "message/rfc822", **headers: str):  # type: ignore[no-untyped-def]
    stamp = str(int(time.time() if at is None else at))
    signed = {"X-Helpdesk-Timestamp": stamp, "X-Helpdesk-Signature": webhook.sign(secret, stamp, body), **headers}
    return Client().post(
        f"/mail/in/{inbox.pk}/",
        body,
        content_type=kind,
        headers={name: value for name, value in signed.items() if value},
    )


def test_a_signed_mail_is_stored_byte_for_byte(inbox, secret):
    content = mail().replace(b"\n", b"\r\n") + bytes(range(256))
    answer = post(inbox, secret, content)
    assert (answer.status_code, answer.json()) == (202, {"stored": True, "known": False})
    raw = RawMessage.objects.get()
    assert bytes(raw.content) == content and (raw.source, raw.inbox) == ("webhook", inbox)
    assert InboxHealth.objects.get(inbox=inbox).received_at is not None


@pytest.mark.parametrize("kind", ["application/octet-stream", "message/rfc822; charset=utf-8", ""])
def test_the_mail_may_be_called_a_mail_or_just_bytes(inbox, secret, kind):
    assert post(inbox, secret, mail(), kind=kind).status_code == 202


# --- T45.1 ----------------------------------------------------------------------------------------------------------


def test_t45_1_missing_old_altered_and_foreign_signatures_store_nothing(inbox, billing, secret, admin):
    foreign = webhook_secrets.renew(billing, actor=admin)
    now, good = time.time(), mail()
    stamp = str(int(now))
    refused = {
        "no signature": post(inbox, secret, good, **{"X-Helpdesk-Signature": ""}),
        "no time": post(inbox, secret, good, **{"X-Helpdesk-Timestamp": ""}),
        "old": post(inbox, secret, good, at=now - 301),
        "of the future": post(inbox, secret, good, at=now + 400),
        "another time than signed": post(inbox, secret, good, **{"X-Helpdesk-Timestamp": str(int(now) - 1)}),
        "another body": post(inbox, secret, good, **{"X-Helpdesk-Signature": webhook.sign(secret, stamp, good + b"x")}),
        "another tenant's secret": post(inbox, foreign, good),
        "no secret": post(inbox, "", good),
        "nonsense": post(inbox, secret, good, **{"X-Helpdesk-Signature": "sha256=" + "é" * 64}),
        "a time that is no number": post(inbox, secret, good, **{"X-Helpdesk-Timestamp": "١٧٠٠٠٠٠٠٠٠"}),
    }
    assert {name: answer.status_code for name, answer in refused.items()} == dict.fromkeys(refused, 401)
    assert not RawMessage.objects.exists()
    bodies = {answer.content for answer in refused.values()}
    assert len(bodies) == 1, "what exactly was wrong is nobody's business"
    assert refused["old"]["Content-Type"] == "application/problem+json"


def test_t45_1_a_valid_request_sent_again_is_fine_and_no_duplicate(inbox, secret):
    now = time.time()
    first, again, signed_anew = (post(inbox, secret, mail(), at=at) for at in (now, now, now + 5))
    assert [first.status_code, again.status_code, signed_anew.status_code] == [202, 200, 200]
    assert again.json() == {"stored": False, "known": True}
    assert RawMessage.objects.count() == 1


def test_an_inbox_that_takes_no_posted_mail_says_no_more_than_one_that_is_not_there(inbox, admin):
    assert post(inbox, "", mail()).status_code == 401, "an empty secret is no secret"
    there = post(inbox, "x", mail())
    inbox.pk += 1_000_000
    gone = post(inbox, "x", mail())
    assert there.status_code == gone.status_code == 401 and there.content == gone.content


def test_a_closed_inbox_takes_nothing(inbox, secret):
    inbox.is_active = False
    inbox.save(update_fields=["is_active"])
    assert post(inbox, secret, mail()).status_code == 401


# --- size, storage, manners -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("over, status", [(0, 202), (1, 413), (200_000, 413)])
def test_the_limit_holds_to_the_byte(inbox, secret, settings, over, status):
    settings.MAIL_MAX_MB = 1
    assert post(inbox, secret, b"x" * (1024 * 1024 + over)).status_code == status
    assert RawMessage.objects.exists() is (status == 202)


def test_a_mail_larger_than_a_form_may_be_is_no_problem(inbox, secret):
    assert post(inbox, secret, b"x" * 4_000_000).status_code == 202


def test_without_a_length_nothing_is_read(inbox, secret):
    answer = post(inbox, secret, mail(), **{"Content-Length": "many"})
    assert answer.status_code == 411


@pytest.mark.parametrize("sqlstate", ["53100", "25006"], ids=["the disk is full", "it is read-only"])
def test_what_cannot_be_stored_is_asked_for_again(inbox, secret, sqlstate):
    with every_insert_fails(sqlstate):
        answer = post(inbox, secret, mail())
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert answer["Content-Type"] == "application/problem+json"
    assert post(inbox, secret, mail()).status_code == 202


def test_it_needs_no_form_token(inbox, secret):
    stamp = str(int(time.time()))
    answer = Client(enforce_csrf_checks=True).post(
        f"/mail/in/{inbox.pk}/", mail(), content_type="message/rfc822",
        headers={"X-Helpdesk-Timestamp": stamp, "X-Helpdesk-Signature": webhook.sign(secret, stamp, mail())},
    )  # fmt: skip
    assert answer.status_code == 202


# --- forms ----------------------------------------------------------------------------------------------------------


def form(name: str, content: bytes, boundary: bytes = b"xYzZY", file: str = "") -> bytes:
    parts = [b'Content-Disposition: form-data; name="spam_score"\r\n\r\n0.1']
    file_name = f'; filename="{file}"\r\nContent-Type: message/rfc822' if file else ""
    parts.append(f'Content-Disposition: form-data; name="{name}"{file_name}'.encode() + b"\r\n\r\n" + content)
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


@pytest.mark.parametrize(
    "name, file", [("email", ""), ("email", "mail.eml"), ("body-mime", "")], ids=["SendGrid", "a file", "Mailgun"]
)
def test_a_form_with_the_raw_mail_in_it_is_taken_byte_for_byte(inbox, secret, name, file):
    content = mail().replace(b"\n", b"\r\n") + b"8 bits: \xff\xfe\xe4\r\n--xYzZ\r\n"
    answer = post(inbox, secret, form(name, content, file=file), kind="multipart/form-data; boundary=xYzZY")
    assert answer.status_code == 202
    assert bytes(RawMessage.objects.get().content) == content


@pytest.mark.parametrize(
    "body, kind",
    [
        (form("subject", b"x"), "multipart/form-data; boundary=xYzZY"), (b"--x", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"), (b"{}", "application/json"), (b"a=b", "application/x-www-form-urlencoded"),
        (b" \r\n", "message/rfc822"),
    ],
    ids=["another field", "no form", "no boundary", "JSON", "another form", "blank"],
)  # fmt: skip
def test_a_signed_body_without_a_mail_is_a_clear_mistake(inbox, secret, body, kind):
    answer = post(inbox, secret, body, kind=kind)
    assert answer.status_code == 400 and answer.json()["detail"]
    assert not RawMessage.objects.exists()


# --- the secret -----------------------------------------------------------------------------------------------------


def test_a_renewed_secret_and_the_former_one_are_good_for_a_day(inbox, admin, secret, monkeypatch):
    renewed = webhook_secrets.renew(inbox, actor=admin)
    assert [post(inbox, one, mail(subject=one)).status_code for one in (renewed, secret)] == [202, 202]
    tomorrow = clock.now() + timedelta(days=1, minutes=1)
    inbox.refresh_from_db()
    assert webhook_secrets.accepted(inbox, tomorrow) == [renewed]
    third = webhook_secrets.renew(inbox, actor=admin)
    inbox.refresh_from_db()
    assert webhook_secrets.accepted(inbox) == [third, renewed], "the first is gone at once"


def test_a_secret_taken_away_opens_nothing_from_that_moment_on(inbox, admin, secret):
    webhook_secrets.revoke(inbox, actor=admin)
    webhook_secrets.revoke(inbox, actor=admin)
    assert post(inbox, secret, mail()).status_code == 401
    events = Event.objects.filter(verb="inbox.changed")
    assert [event.facts["fields"] for event in events] == [["webhook_secret"]] * 2
    assert not Event.objects.filter(facts__icontains=secret).exists()


def test_the_secret_is_shown_once_and_kept_encrypted(inbox, admin, as_agent):
    browser, address = as_agent(admin), f"/settings/inboxes/{inbox.pk}/webhook/"
    assert "There is none" in browser.get(address).content.decode()
    shown = browser.post(address, {"do": "renew"}).content.decode()
    found = re.search(r"whs_[\w-]{43}", shown)
    assert found and post(inbox, found[0], mail()).status_code == 202
    assert found[0] not in browser.get(address).content.decode()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT webhook_secret FROM tickets_inbox WHERE id = %s", [inbox.pk])
        assert found[0] not in cursor.fetchone()[0]
    browser.post(address, {"do": "revoke"})
    assert post(inbox, found[0], mail(subject="Later")).status_code == 401


# --- as documented --------------------------------------------------------------------------------------------------


def test_the_example_in_the_documentation_works_as_it_stands_there(inbox, secret, tmp_path):
    text = (Path(django_settings.BASE_DIR) / "docs/email.md").read_text()
    example = re.search(r"```sh\n(.*?)```", text[text.index("## Webhook") :], re.S)
    assert example, "docs/email.md has lost its example"
    (tmp_path / "mail.eml").write_bytes(mail())
    with served() as address:
        script = example[1].replace("https://desk.example.com/mail/in/1/", f"{address}/mail/in/{inbox.pk}/")
        assert script != example[1]
        done = subprocess.run(
            ["sh", "-euc", script], cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "SECRET": secret}, capture_output=True,
            check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == {"stored": True, "known": False}
    assert bytes(RawMessage.objects.get().sha256) == hashlib.sha256(mail()).digest()
