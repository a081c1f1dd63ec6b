"""What a definition is."""

from dataclasses import dataclass

from django.utils.functional import Promise

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Definition:
    """One number: the question it answers, how it is computed, what counts and what does not, and an example."""

    key: str
    name: Words
    question: Words
    formula: Words
    counts: Words
    leaves_out: Words
    example: Words = ""
