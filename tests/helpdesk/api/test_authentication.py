"""Who may ask, and how much."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from helpdesk.models import Agent, ApiToken
from helpdesk.models.api import digest

pytestmark = pytest.mark.urls("tests.helpdesk.api.urls")
URL = "/api/v1/echo/"


def ask(header: str | None, **more: str):  # type: ignore[no-untyped-def]
    return APIClient().get(URL, **({} if header is None else {"HTTP_AUTHORIZATION": header}), **more)


@pytest.fixture
def secret(ana: Agent) -> str:
    return ApiToken.objects.issue(ana, "test")[1]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "TOKEN"])
def test_a_token_acts_as_its_agent(ana: Agent, secret: str, scheme: str) -> None:
    assert ask(f"{scheme} {secret}").json() == {"agent": ana.pk}


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer hd_wrong", "Bearer null", "Token []", "Bearer hd_\xe9",
               "Basic YTpi", "Bearer hd_" + "x" * 100_000]
)  # fmt: skip
def test_everybody_else_is_asked_who_they_are(db: None, header: str | None) -> None:
    answer = ask(header)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer["Content-Type"] == "application/problem+json"


def test_only_the_hash_is_kept_and_the_hash_is_no_token(ana: Agent, secret: str) -> None:
    token = ApiToken.objects.get()
    assert token.digest == digest(secret) and secret not in str(vars(token))
    assert ask(f"Bearer {token.digest}").status_code == 401
    assert ask(f"Bearer hd_{token.digest}").status_code == 401


def test_a_token_in_the_address_or_a_body_is_not_looked_at(secret: str) -> None:
    client = APIClient()
    for parameter in ("token", "access_token", "api_key", "Authorization"):
        assert client.get(URL, {parameter: f"Bearer {secret}"}).status_code == 401
    assert client.post(URL, {"access_token": secret}, format="json").status_code == 401


def test_a_revoked_token_is_no_token(secret: str) -> None:
    ApiToken.objects.update(revoked_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert ask(f"Bearer {secret}").status_code == 401


def test_the_token_of_somebody_who_left_is_no_token(ana: Agent, secret: str) -> None:
    ana.is_active = False
    ana.save()
    assert ask(f"Bearer {secret}").status_code == 401


def test_a_session_of_somebody_who_left_is_none(ana: Agent) -> None:
    client = APIClient()
    client.force_login(ana, backend="helpdesk.signed_in.Backend")
    assert client.get(URL).status_code == 200
    Agent.objects.update(is_active=False)
    assert client.get(URL).status_code == 401


def test_the_use_is_noted_once_a_minute(secret: str) -> None:
    began = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    noted = []
    for seconds in (0, 59, 60, 119):
        with time_machine.travel(began + timedelta(seconds=seconds), tick=False):
            ask(f"Bearer {secret}")
        noted.append(ApiToken.objects.get().last_used_at)
    assert noted == [began, began, began + timedelta(seconds=60), began + timedelta(seconds=60)]


def test_t25_3_who_tries_tokens_is_slowed_down_and_nobody_else(secret: str) -> None:
    with time_machine.travel(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), tick=False):
        tried = [ask("Bearer hd_wrong", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}") for n in range(11)]
        assert [answer.status_code for answer in tried] == [401] * 10 + [429]
        assert tried[-1]["Retry-After"] == "60"
        assert ask(f"Bearer {secret}").status_code == 200


def test_a_token_has_so_many_requests_a_minute(settings, ana: Agent, secret: str) -> None:  # type: ignore[no-untyped-def]
    settings.API_RATE_PER_MINUTE = 3
    other = ApiToken.objects.issue(ana, "other")[1]
    with time_machine.travel(datetime(2026, 3, 2, 9, 0, 20, tzinfo=UTC), tick=False) as time:
        assert [ask(f"Bearer {secret}").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = ask(f"Bearer {secret}")
        assert refused["Retry-After"] == "40" and refused["Content-Type"] == "application/problem+json"
        assert refused.json()["type"] == "tag:helpdesk,2026:rate-limited"
        assert ask(f"Bearer {other}").status_code == 200
        time.shift(40)
        assert ask(f"Bearer {secret}").status_code == 200


def test_nobody_is_refused_because_the_cache_is_away(
    settings,
    secret: str,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    settings.API_RATE_PER_MINUTE = 1
    settings.CACHES = {
        "default": {"BACKEND": "helpdesk.cache.ForgivingRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert [ask(f"Bearer {secret}").status_code for _ in range(3)] == [200, 200, 200]
    assert cache.get("anything") is None


def test_the_command_prints_a_token_that_works(ana: Agent) -> None:
    out = StringIO()
    call_command("apikey", "Ana@Demo.localhost", stdout=out)
    secret = out.getvalue().strip()
    assert out.getvalue() == f"{secret}\n" and secret.startswith("hd_")
    assert ask(f"Bearer {secret}").json() == {"agent": ana.pk}


def test_the_command_names_whom_it_does_not_know(ana: Agent) -> None:
    with pytest.raises(CommandError, match=r"nobody@demo\.localhost"):
        call_command("apikey", "nobody@demo.localhost")
    Agent.objects.update(is_active=False)
    with pytest.raises(CommandError):
        call_command("apikey", ana.email)
    assert not ApiToken.objects.exists()
