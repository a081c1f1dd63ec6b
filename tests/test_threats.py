"""Every line of the threat list whose class we have met is a test of ours, or waits for the surface that brings it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
THREATS = ROOT.parent / "shared" / "security" / "threats.md"
#: mail identity, mail as a weapon, hostile content, who may see and do what: an email engine and a workspace
FIRST, LAST = 1, 31


def listed() -> set[str]:
    """The test lines of these classes, such as T01.2."""
    lines = re.findall(r"^- (T(\d\d)\.\d+)\b", THREATS.read_text(), re.M)
    return {name for name, number in lines if FIRST <= int(number) <= LAST}


def ids_in_tests() -> set[str]:
    """The lines that a test has in its name."""
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found |= {f"T{number}.{line}" for number, line in re.findall(r"t(\d\d)_(\d+)(?=_|$)", node.name)}
    return found


def waiting() -> set[str]:
    """The lines that docs/security.md says wait."""
    return set(re.findall(r"^\| (T\d\d\.\d+) \|", (ROOT / "docs/security.md").read_text(), re.M))


def test_every_threat_we_have_met_is_tested_or_waits_for_its_surface():
    if not THREATS.exists():
        pytest.skip("the list of threats is not beside this checkout")
    assert listed() - ids_in_tests() - waiting() == set(), "neither tested nor waiting"
    assert waiting() & ids_in_tests() == set(), "tested, and yet said to wait"
    assert waiting() <= listed(), "nobody lists these"
