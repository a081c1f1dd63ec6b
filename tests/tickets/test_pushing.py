"""Push messages: only the browser they are for can read them, they say nothing of customers; devices come and go."""

import base64
import json
import os
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import http_ece
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from django.urls import reverse
from py_vapid import Vapid02

from helpdesk import clock, webpush
from helpdesk.operations import people, sessions
from tests.http_stand_in import stand_in
from tickets.models import Notification, PushSubscription
from tickets.operations import assignment, notifying, pushing


def written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Browser:
    """A browser's keys, and what it can read with them."""

    def __init__(self) -> None:
        self.private, self.secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)

    @property
    def keys(self) -> dict[str, str]:
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": written(point), "auth": written(self.secret)}

    def read(self, body: bytes) -> Any:
        return json.loads(
            http_ece.decrypt(body, private_key=self.private, auth_secret=self.secret, version="aes128gcm")
        )


@pytest.fixture
def service(settings):
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    with stand_in() as served:
        served.answers = [(201, {})]
        yield served


def session_of(agent):
    """Where an agent is signed in."""
    client = Client()
    client.force_login(agent, backend="helpdesk.signed_in.Backend")
    client.get("/")
    return client.session


@pytest.fixture
def browser(service, ana):
    made = Browser()
    made.session = session_of(ana)
    pushing.subscribe(
        ana, session=made.session.session_key, endpoint=f"{service.url}push/abc", device="Firefox, Linux", **made.keys
    )
    return made


@pytest.fixture
def told(ticket, ana, chloe, settle, browser):
    settle()
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    return Notification.objects.get(agent=ana)


def test_the_browser_reads_it_and_nobody_else(told, ticket, browser, service):
    assert pushing.push_due() == 1
    [asked] = service.asked
    assert asked.path == "/push/abc" and asked.headers["Content-Encoding"] == "aes128gcm"
    assert asked.headers["Topic"] == f"ticket-{ticket.number}" and asked.headers["Urgency"] == "high"
    assert browser.read(asked.body) == {
        "title": "Chloe Martin assigned it to you", "body": f"Ticket #{ticket.number}",
        "url": f"/tickets/{ticket.number}/", "tag": f"ticket-{ticket.number}",
    }  # fmt: skip
    assert b"Chloe" not in asked.body
    with pytest.raises(http_ece.ECEException):
        Browser().read(asked.body)
    assert Vapid02.verify(asked.headers["Authorization"]), "our signature is not good"
    assert webpush.public_key() in asked.headers["Authorization"]
    told.refresh_from_db()
    assert told.push == "sent" and pushing.push_due() == 0
    assert PushSubscription.objects.get().last_used_at


def test_nothing_a_customer_wrote_travels(ticket, ana, browser, service, send_mail_in, settle):
    from tests.conftest import mail

    assignment.take(ticket, actor=ana)
    settle()
    send_mail_in(mail(text="My secret", In_Reply_To="<first@customer.example>", Message_ID="<2@customer.example>"))
    settle()
    assert pushing.push_due() == 1
    said = browser.read(service.asked[0].body)
    assert said["title"] == "The customer wrote"
    assert not any(word in json.dumps(said) for word in ("secret", "Dora", "My order"))


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(status, told, service):
    service.answers = [(status, {})]
    assert pushing.push_due() == 0
    assert not PushSubscription.objects.exists()
    told.refresh_from_db()
    assert told.push == "failed"


def test_a_service_in_trouble_is_asked_again_with_growing_patience_and_then_no_more(told, service):
    service.answers = [(503, {})]
    at = clock.now()
    waits = []
    for _try in range(pushing.PATIENCE):
        with time_machine.travel(at, tick=False):
            assert pushing.push_due() == 0
            told.refresh_from_db()
            waits.append(told.push_due_at - at)
            assert pushing.push_due() == 0  # not before its time
        at = told.push_due_at + timedelta(seconds=1)
    assert told.push == "failed" and len(service.asked) == pushing.PATIENCE
    assert waits[:4] == sorted(waits[:4]) and waits[0] < waits[3]


def test_what_was_read_meanwhile_is_not_pushed(told, ana, service):
    notifying.mark_read(ana)
    assert pushing.push_due() == 0 and not service.asked


def test_who_may_see_it_no_more_is_not_told(told, ana, team, service):
    ana.teams.remove(team)
    assert pushing.push_due() == 0 and not service.asked


def test_quiet_hours_put_it_off(told, ana, service):
    now = clock.now()
    ana.zone, ana.quiet_from = "UTC", (now - timedelta(hours=1)).time()
    ana.quiet_until = (now + timedelta(hours=1)).replace(second=0, microsecond=0).time()
    ana.save()
    assert pushing.push_due() == 0 and not service.asked
    with time_machine.travel(now + timedelta(hours=1, minutes=2)):
        assert pushing.push_due() == 1


def test_t32_an_endpoint_in_our_own_network_is_not_posted_to(told, service, settings):
    settings.FETCH_ALLOW = []
    assert pushing.push_due() == 0 and not service.asked


def test_without_a_device_nothing_waits(ticket, ana, chloe, settle):
    settle()
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    assert Notification.objects.get().push == ""


PASSWORD = "a long enough sentence"


def _sign_out(client, agent, admin):
    client.post("/accounts/logout/")


def _end_all(client, agent, admin):
    sessions.end_others(agent)


def _let_go(client, agent, admin):
    people.deactivate(agent, actor=admin)


def _new_password(client, agent, admin):
    new = "another long sentence"
    client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
    agent.refresh_from_db()
    assert agent.check_password(new)


@pytest.mark.parametrize("end", [_sign_out, _end_all, _let_go, _new_password])
def test_a_device_is_told_as_long_as_its_session_lasts(end, ana, admin, client, settle):
    ana.set_password(PASSWORD)
    ana.save()
    client.post(reverse("account_login"), {"login": ana.email, "password": PASSWORD})
    client.post("/notifications/devices/", {"endpoint": "https://push.example/x", **Browser().keys})
    assert pushing.devices(ana)
    end(client, ana, admin)
    settle()
    assert not PushSubscription.objects.exists()


def test_nor_longer_than_the_session_would_have(browser, told, ana, service, settings):
    with time_machine.travel(clock.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE + 60)):
        assert pushing.devices(ana) == [] and pushing.push_due() == 0 and not service.asked


def test_devices_come_and_go_on_the_page(ana, ben, as_agent):
    keys, client = Browser().keys, as_agent(ana)
    body = {"endpoint": "https://push.example/x", **keys}
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    assert client.post("/notifications/devices/", body, headers={"User-Agent": agent}).status_code == 204
    assert client.post("/notifications/devices/", body, headers={"User-Agent": agent}).status_code == 204
    [device] = PushSubscription.objects.all()
    assert device.agent == ana and "Firefox, Linux" in client.get("/settings/you/notifications/").content.decode()
    assert as_agent(ben).post(f"/notifications/devices/{device.pk}/removal").status_code == 404
    assert client.post(f"/notifications/devices/{device.pk}/removal").status_code == 302
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://push.example/x"}, {"endpoint": "javascript:alert(1)"}, {"endpoint": "https://a:b@x.example/"},
        {"p256dh": "AAAA"}, {"p256dh": "!"}, {"auth": "AAAA"}, {"auth": ""},
    ],
)  # fmt: skip
def test_what_no_browser_gives_is_refused(change, ana, as_agent):
    body = {"endpoint": "https://push.example/x", **Browser().keys, **change}
    assert as_agent(ana).post("/notifications/devices/", body).status_code == 400
    assert not PushSubscription.objects.exists()


def test_the_worker_is_a_script_of_ours_below_its_own_path(client):
    answer = client.get("/notifications/worker.js")
    assert answer["Content-Type"].startswith("text/javascript") and "showNotification" in answer.content.decode()
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_the_key_is_the_same_in_every_process_and_another_with_another_secret(settings):
    mine = webpush.public_key()
    assert mine == webpush.public_key() and len(mine) == 87
    settings.SECRET_KEY = "another secret, long enough to be one"
    assert webpush.public_key() != mine
