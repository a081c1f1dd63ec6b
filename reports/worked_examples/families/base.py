"""What families of worked examples are made of, and the register of them."""

from collections.abc import Callable, Mapping
from typing import Any

from reports.ledger.ticket_facts import TicketFacts
from reports.worked_examples.vocabulary import Example, UnreadableError, keyed

Answers = dict[str, Any]
Family = Callable[[Example], Answers]
FAMILIES: dict[str, Family] = {}


class Known(dict[str, Any]):
    """An answer that knows more keys than an example asks for."""


class Several:
    """The answer where one value is asked of several tickets."""

    def __repr__(self) -> str:
        return "one answer for each of several tickets"


SEVERAL = Several()


class Each(Known):
    """One answer for each ticket. Where one value is asked for, it is that of the only ticket, or the total."""

    def __init__(self, values: Mapping[str, Any], tickets: Mapping[str, TicketFacts], total: Any = SEVERAL) -> None:
        super().__init__(values)
        counted = [values[name] for name, facts in tickets.items() if facts.in_volume and name in values]
        every = counted if len(counted) == 1 else list(values.values())
        self.single = every[0] if len(every) == 1 else total


def family(name: str) -> Callable[[Family], Family]:
    def register(function: Family) -> Family:
        FAMILIES[name] = function
        return function

    return register


def each(example: Example, value: Callable[[TicketFacts], Any]) -> Each:
    return Each({name: value(facts) for name, facts in example.tickets.items()}, example.tickets)


def by_group(example: Example, told: Callable[..., Answers]) -> Answers:
    """The answers over everything, and those of every value of every grouping key."""
    answers = told()
    for key in example.group_keys():
        for value in example.group_values(key):
            answers.setdefault(keyed([value]), Known(told(**{key: value})))
    return answers


def first_two_groups(example: Example) -> tuple[str, list[Any]]:
    """The key and the two values, earlier first, that a comparison is between."""
    for key in example.group_keys():
        values = example.group_values(key)
        if len(values) == 2:
            return key, ["before", "after"] if set(values) == {"before", "after"} else values
    raise UnreadableError("a comparison is between two groups")
