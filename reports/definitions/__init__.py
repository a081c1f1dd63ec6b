"""What each number means, in words for people; every number on a page links here.

A file a subject, each with its `DEFINITIONS`; a new file is named below, in the order of the page.
"""

from importlib import import_module

from reports.definitions.history import HISTORY, VERSION
from reports.definitions.words import Definition, Words

__all__ = ["DEFINITIONS", "HISTORY", "KEYS", "VERSION", "Definition", "Words"]

FILES = (
    "service",
    "work",
    "experience",
    "answers",
    "voice",
    "recoveries",
    "changes",
    "accounts",
)

DEFINITIONS: tuple[Definition, ...] = tuple(
    one for name in FILES for one in import_module(f"reports.definitions.{name}").DEFINITIONS
)
KEYS = frozenset(one.key for one in DEFINITIONS)
