"""What upper floors tell tickets apart by: they say how, and views, searches and programs can ask for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise

from tickets.conditions.vocabulary import FIELDS, MAYBE, ONE, Field

#: the values of these fields are an upper floor's
UPPER_VALUES = "upper"


@dataclass(frozen=True, slots=True)
class Upper:
    """A field of an upper floor, of which a ticket has one value or none. A value is kept as a number or a word."""

    key: str
    label: str | Promise
    #: the value that words or a number mean, None where they mean none
    meant: Callable[[str], Any]
    said: Callable[[Any], str]
    #: what is chosen from: values as they stand in a form, and what they are called
    choices: Callable[[], Sequence[tuple[str, str]]]
    #: the tickets with one of these values; of None, those with any
    having: Callable[[Sequence[Any] | None], Q]


UPPER: dict[str, Upper] = {}


def register(upper: Upper) -> None:
    """Let conditions be about this. Its key must not be one of ours."""
    if upper.key in FIELDS and upper.key not in UPPER:
        raise ValueError(f"Conditions on {upper.key} are ours.")
    UPPER[upper.key] = upper
    FIELDS[upper.key] = Field(upper.key, upper.label, ONE + MAYBE, UPPER_VALUES)
