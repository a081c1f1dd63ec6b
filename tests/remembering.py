"""What pages remember for some seconds: as long as a test lasts, so that no slow machine has them ask once more.

A test begins with nothing remembered. A story in a browser lasts longer than these seconds, and shows what came of
them: there they are as they are everywhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from helpdesk import second_factor
from tickets import hours, kept, lists, watching

AN_HOUR = 3600
#: where it says how long: an attribute of a module or of what remembers
PLACES: list[tuple[Any, str]] = [
    (kept, "SECONDS"),
    (lists, "KEPT_SECONDS"),
    (second_factor, "_KEPT_SECONDS"),
    (hours, "KEPT_SECONDS"),
    (hours, "INBOX_SECONDS"),
    *((one, "_seconds") for one in vars(watching).values() if isinstance(one, watching.Remembered)),
]
_USUAL = [(where, name, getattr(where, name)) for where, name in PLACES]


@contextmanager
def all_through() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for where, name in PLACES:
            patch.setattr(where, name, AN_HOUR)
        yield


@contextmanager
def for_seconds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for where, name, seconds in _USUAL:
            patch.setattr(where, name, seconds)
        yield
