"""What the documentation says exists, exists; what exists is documented."""

import ast
import re
from functools import cache
from pathlib import Path

from django.core.management import get_commands
from django.urls import get_resolver

from tickets.operations import macros

ROOT = Path(__file__).parent.parent
APPS = ("helpdesk", "tickets", "feedback", "reports")


@cache
def sources():
    """Every module of ours, with all that stands in it, read once."""
    return [
        (path, list(ast.walk(ast.parse(path.read_text()))))
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if not {"migrations", "worked_examples"} & set(path.parts)
    ]


def calls(nodes, names):
    for node in nodes:
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in names and node.args and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def test_every_setting_is_documented_and_every_documented_setting_is_read():
    read = set()
    for path, nodes in sources():
        if path.name in {"settings.py", "asgi.py", "embedded.py", "supervisor.py", "running.py"}:
            for node in nodes:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    read.add(node.value)
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.M))
    asked = set()
    for path, nodes in sources():
        if path.name == "settings.py" and path.parent.name == "helpdesk":
            asked = set(calls(nodes, {"text", "whole", "flag", "choice", "words", "url", "folder", "networks"}))
    assert asked <= documented, f"not in docs/settings.md: {sorted(asked - documented)}"
    assert documented <= read, f"documented but read nowhere: {sorted(documented - read)}"


def test_every_command_is_documented():
    ours = {name for name, app in get_commands().items() if app in APPS}
    text = (ROOT / "docs/commands.md").read_text()
    documented = set(re.findall(r"^\| `manage\.py ([a-z_]+)", text, re.M))
    assert ours == documented


def test_every_event_is_documented():
    recorded = set()
    for _path, nodes in sources():
        recorded |= {
            verb for verb in calls(nodes, {"record", "draft", "_tell"}) if isinstance(verb, str) and "." in verb
        }
        for node in nodes:
            if isinstance(node, ast.Constant) and re.fullmatch(r"(ticket|message|survey)\.[a-z_]+", str(node.value)):
                recorded.add(node.value)
    recorded -= set(macros.FIELDS)  # what a saved reply fills in
    documented = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)`", (ROOT / "docs/events.md").read_text(), re.M))
    assert recorded <= documented, f"not in docs/events.md: {sorted(recorded - documented)}"


def test_every_api_endpoint_is_documented():
    text = (ROOT / "docs/api.md").read_text()
    for pattern in _routes(get_resolver()):
        if pattern.startswith("api/v1/"):
            plain = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", pattern)
            assert f"/{plain}" in text, f"/{plain} is not in docs/api.md"


def _routes(resolver, prefix=""):
    for entry in resolver.url_patterns:
        if hasattr(entry, "url_patterns"):
            yield from _routes(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern)


def test_pages_link_to_files_that_are_there():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
