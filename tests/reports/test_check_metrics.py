"""`manage.py check_metrics` reports failures, sums up, and exits with 1."""

import io
import json

import pytest
from django.core.management.base import CommandError

from reports.management.commands.check_metrics import Command

GOOD = {"name": "good", "family": "csat", "events": [{"type": "survey.response", "score": 5}], "expected": {"n": 1}}


def run(path) -> tuple[str, int]:
    out = io.StringIO()
    code = 0
    try:
        Command(stdout=out, no_color=True).handle(file=path)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return out.getvalue(), code


def test_it_sums_up_and_leaves_with_0_when_all_pass(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n")
    assert run(path) == ("1 passed, 0 failed\n", 0)


def test_it_names_each_failure_and_leaves_with_1(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join([json.dumps(GOOD), json.dumps({**GOOD, "name": "bad", "expected": {"n": 2}}), "{"]))
    said, code = run(path)
    assert code == 1
    assert "bad n: expected 2, got 1\n" in said
    assert "line 3 is not JSON" in said
    assert said.endswith("1 passed, 2 failed\n")


def test_a_missing_file_is_said_plainly(tmp_path):
    with pytest.raises(CommandError, match="Cannot read"):
        run(tmp_path / "nothing.jsonl")
