"""A wrong setting stops the process with its name; health pages tell what works."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"), ("PORT", "70000"), ("DATABASE_URL", "mysql://x"), ("REDIS_URL", "memcached://x"),
        ("DEBUG", "perhaps"), ("BASE_URL", "helpdesk.example"), ("LANGUAGE_CODE", "xx"), ("LOG_FORMAT", "xml"),
        ("INSTANCE", "a b"), ("EMAIL_URL", "http://x"), ("SURVEY_DELAY_MINUTES", "-1"), ("SECRET_KEY", "short"),
        ("TIME_ZONE", "Berlin"), ("TIME_ZONE", "Europe"), ("TIME_ZONE", "../UTC"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_by_name(name, value):
    result = start(**{name: value})
    assert result.returncode != 0
    assert name in result.stderr.strip().splitlines()[-1] or name in result.stderr


@pytest.mark.parametrize(
    "wrong", [{"TIME_ZONE": "Berlin"}, {"SECRET_KEY": "short"}, {"PORT": "8000", "SMTP_PORT": "8000"}]
)
def test_the_one_command_start_says_a_wrong_setting_in_one_sentence(wrong, tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "helpdesk.running"],
        cwd=ROOT, env={**os.environ, "DATA": str(tmp_path), **wrong}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = result.stderr.strip().splitlines()
    assert result.returncode == 1 and len(said) == 1
    assert said[0].startswith(f"The helpdesk cannot run: The setting {list(wrong)[-1]} must ")


def test_the_process_lives_works_and_tells_its_figures(client, db, ticket):
    assert client.get("/healthz").content == b"ok\n"
    assert client.get("/readyz").json() == {"database": "ok", "redis": "ok"}
    page = client.get("/metrics").content.decode()
    assert "helpdesk_events_pending" in page and 'helpdesk_requests_total{method="GET",route="healthz"' in page


def test_without_redis_it_is_ready_all_the_same(client, db, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    answer = client.get("/readyz")
    assert answer.status_code == 200 and answer.json()["redis"] == "away"


def test_every_answer_carries_a_reference_and_a_strict_policy(client, db):
    answer = client.get("/accounts/login/")
    assert len(answer["X-Request-Id"]) == 16
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert (
        client.get("/accounts/login/", headers={"x-request-id": "given-reference"})["X-Request-Id"] == "given-reference"
    )
    assert client.get("/accounts/login/", headers={"x-request-id": "<b>"})["X-Request-Id"] != "<b>"


def test_a_page_that_is_not_there_says_so_with_a_reference(client, db):
    answer = client.get("/no-such-page/")
    assert answer.status_code == 404 and answer["X-Request-Id"] in answer.content.decode()
