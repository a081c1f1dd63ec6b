"""The benchmark prints what it promises, at a size that says nothing about speed."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command

from reports.bench import mails
from reports.bench.floors import read_mail
from reports.bench.timing import Effort, medians, per_second

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.timeout(900)
def test_every_part_has_figures_with_floors_that_fit_and_leaves_no_database_behind() -> None:
    """One run of everything, on the servers of the tests."""
    done = subprocess.run(
        [
            sys.executable, "manage.py", "bench", "--sizes", "200",
            "--times", "1", "--seconds", "0.3", "--mails", "20",
        ],
        cwd=ROOT, env=os.environ | {"BENCH_DATA": ""}, capture_output=True, text=True, timeout=840, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line.removeprefix("BENCH ") for line in done.stdout.splitlines() if line.startswith("BENCH ")]
    lines: list[dict[str, object]] = [json.loads(line) for line in said]
    reports = [("reports", "median_ms" in line, None) for line in lines if line["what"] == "reports"]
    assert {"overview", None} <= {line.get("page") for line in lines if line["what"] == "reports"}
    assert [line["part"] for line in lines if "part" in line and line["what"] == "reports"][-1] == "rebuild"
    assert [(line["what"], "median_ms" in line, line.get("clients", line.get("workers"))) for line in lines] == [
        ("queue", True, None), ("queue", False, 4), *[("views", True, None)] * 4, *[("search", True, None)] * 2,
        ("ticket", True, None), ("ticket", True, None),
        ("ticket", False, 4), ("report", True, None), ("report", True, None), *reports, *[("surveys", False, 4)] * 2,
        ("intake", False, 1),
        ("intake", False, 2), ("webhooks", False, 2), ("api", False, 1), ("api", False, 8),
    ]  # fmt: skip
    for line in lines:
        value, floor, ratio = line.get("median_ms", line.get("per_s")), line["floor"], line["ratio"]
        assert line["size"] == "200"
        assert isinstance(value, float) and isinstance(floor, float) and isinstance(ratio, float)
        assert value > 0 and floor > 0 and ratio == pytest.approx(value / floor, rel=0.01)
    server = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres"))
    with psycopg.connect(server) as session:
        found = session.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'helpdesk_bench%'").fetchone()
    assert found == (0,)


@pytest.mark.parametrize("words", [["--sizes", "many"], ["--sizes", ""], ["--what", "speed"], ["--mails", "3"]])
def test_what_it_does_not_understand_it_says(words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("bench", *words, stdout=StringIO(), stderr=StringIO())


def test_the_mails_are_the_same_each_time_and_mixed_as_promised() -> None:
    made = mails.make(200, to="support@bench.example")
    assert made == mails.make(200, to="support@bench.example")
    assert made != mails.make(200, to="support@bench.example", seed=2)
    assert sum(not mail.is_new for mail in made) == 40 and made[0].is_new
    assert sum(len(mail.content) > 200 * 1024 for mail in made) == 10
    assert sum(b"multipart/alternative" in mail.content for mail in made) == 30
    assert all(read_mail(mail.content) > 100 for mail in made)


def test_loads_and_medians_are_bounded() -> None:
    calls: list[int] = []
    rate, done = per_second([lambda: calls.append(1)] * 2, 0.05)
    assert rate > 0 and done > 0 and len(calls) == done + 2
    found = medians(lambda: None, lambda: None, Effort(times=3))
    assert found.call >= 0 and found.floor >= 0


def test_a_failing_client_fails_the_load() -> None:
    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        per_second([fail, lambda: None], 0.05)
