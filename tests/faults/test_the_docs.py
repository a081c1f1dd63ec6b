"""docs/reliability.md says what is tested, and nothing else."""

import ast
import re
from pathlib import Path

from tests.faults.arming import NAMES
from tests.faults.ledger import Violation

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()
WANTED = {
    *(f"F0{n}" for n in (1, 2, 3, 4, 5, 7)), "F20", *(f"F4{n}" for n in range(6)), *(f"F5{n}" for n in range(6)),
    *(f"F6{n}" for n in range(5)), "F72",
}  # fmt: skip


def _calls(folder: Path, name: str) -> set[str]:
    """The first words of every call of this name in a folder's sources."""
    return {
        node.args[0].value
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and name in (getattr(node.func, "id", ""), getattr(node.func, "attr", ""))
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_the_fail_points_in_the_sources_are_the_documented_ones() -> None:
    placed = set().union(*(_calls(ROOT / app, "reach") for app in ("helpdesk", "tickets", "feedback", "reports")))
    documented = set(re.findall(r"^\| `((?:in|out|beat|slot|job)\.\w+)`", PAGE, re.M))
    assert placed == NAMES == documented


def test_every_row_of_the_matrix_is_tested_where_the_page_says() -> None:
    here = Path(__file__).parent
    tested = {
        (row, path.stem.removeprefix("test_")) for path in here.glob("test_f*.py") for row in _calls_of_marks(path)
    }
    told = {
        (row, name)
        for row, proof in re.findall(r"^\| (F\d+) \|.*\| ([^|]+) \|$", PAGE, re.M)
        for name in re.findall(r"`(f\w+)`", proof)
    }
    assert tested == told
    assert {row for row, _name in told} >= WANTED


def _calls_of_marks(path: Path) -> set[str]:
    return set(re.findall(r"pytest\.mark\.faults\(\"(F\d+)\"", path.read_text()))


def test_every_invariant_of_the_ledger_is_explained() -> None:
    kinds = _calls(Path(__file__).parent, Violation.__name__)
    assert kinds == set(re.findall(r"^\| (I\d+) \|", PAGE, re.M))
