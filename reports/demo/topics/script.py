"""What a topic is made of: how common it is, and its sentences in each language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """The sentences of one topic in one language. Names in braces are filled in by `words`."""

    subjects: tuple[str, ...]
    tells: tuple[str, ...]  # the customer says what happened
    details: tuple[str, ...]
    asks: tuple[str, ...]
    questions: tuple[str, ...]  # the agent needs to know more
    answers: tuple[str, ...]  # the customer says it
    solutions: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of matter: how common, how much work, how urgent."""

    key: str
    inbox: str
    weight: float
    tags: tuple[str, ...]
    effort: float  # the chance that one answer is not enough
    urgency: float  # the chance that somebody raises its priority
    workshop: float  # the chance that the mechanics have to look at it
    scripts: Mapping[str, Script]
    crisis: float = 1.0  # how much more of it there is in the bad week
    is_calm: bool = False  # nothing went wrong: nobody is upset, and nobody has to be sorry
