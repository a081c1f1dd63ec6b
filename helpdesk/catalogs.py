"""Translations without GNU gettext: messages are collected and compiled with Babel, so that a fresh machine can.

A catalogue is helpdesk/locale/<language>/LC_MESSAGES/django.po; the compiled .mo is made, never committed.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

APPS = ("helpdesk", "tickets", "feedback", "reports")
_KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
_NOT_FOR_PEOPLE = ("/migrations/", "/demo/", "/worked_examples/")
# no dates and no names: the same messages give the same file
_HEADER = """\
msgid ""
msgstr ""
"Project-Id-Version: Helpdesk\\n"
"Language: {language}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def languages() -> list[str]:
    """The languages that have a catalogue; English is the source and needs none."""
    return [code for code, _name in settings.LANGUAGES if code != "en"]


def path_of(language: str) -> Path:
    """Where a language's catalogue is kept."""
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """A language's catalogue; empty when it has none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def write(language: str, catalog: Catalog) -> None:
    """Keep a language's catalogue."""
    path, entries = path_of(language), io.BytesIO()
    write_po(entries, catalog, width=120, sort_output=True, include_lineno=False, omit_header=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = _HEADER.format(language=language, plural_forms=catalog.plural_forms)
    path.write_bytes(header.encode() + entries.getvalue().strip() + b"\n")


def collect() -> Catalog:
    """Every message that code and templates ask for."""
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for path in _sources():
        name = path.relative_to(settings.BASE_DIR).as_posix()
        for message, context in _messages(path):
            catalog.add(message, context=context, locations=[(name, 1)])
    return catalog


def _sources() -> Iterator[Path]:
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and not any(part in path.as_posix() for part in _NOT_FOR_PEOPLE):
                yield path


def _messages(path: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    text = path.read_text()
    if path.suffix != ".py":
        # what is left of a template is a list of gettext calls; in brackets their indentation means nothing
        text = f"({templatize(text, origin=str(path))}\n)"
    found: Any = extract_python(io.BytesIO(text.encode()), cast(Any, _KEYWORDS), (), {"encoding": "utf-8"})
    for _line, function, arguments, _comments in found:
        given = list(arguments) if isinstance(arguments, tuple | list) else [arguments]
        if any(not isinstance(a, str) for a in given[: 1 if function in ("_", "gettext", "gettext_lazy") else 2]):
            continue
        if "pgettext" in function:
            yield (tuple(given[1:3]) if function.startswith("np") else given[1]), given[0]
        elif function.startswith("ngettext"):
            yield tuple(given[:2]), None
        elif given and given[0]:
            yield given[0], None


def update(language: str) -> tuple[int, int]:
    """Bring a catalogue up to date with the sources. Returns (messages, of them untranslated)."""
    catalog, wanted = read(language), collect()
    catalog.update(wanted, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    write(language, catalog)
    return len(wanted), len(missing(language))


def missing(language: str) -> list[str]:
    """Messages the sources ask for that a language does not have."""
    catalog = read(language)
    absent = []
    for message in collect():
        if not message.id:
            continue
        translated = catalog.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
        string = translated.string if translated and not translated.fuzzy else ""
        if not (string if isinstance(string, str) else string and all(string)):
            absent.append(message.id if isinstance(message.id, str) else message.id[0])
    return absent


def compile_all() -> int:
    """Compile every catalogue that is newer than what was made of it. Returns how many were compiled."""
    made = 0
    for language in languages():
        source = path_of(language)
        target = source.with_suffix(".mo")
        if source.exists() and (not target.exists() or target.stat().st_mtime < source.stat().st_mtime):
            with target.open("wb") as file:
                write_mo(file, read(language))
            made += 1
    return made
