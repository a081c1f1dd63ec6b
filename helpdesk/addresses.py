"""Addresses an agent cannot have, because an upper floor already receives mail there."""

from collections.abc import Callable

Objection = Callable[[str], str]
_objections: list[Objection] = []


def objects_to_address(function: Objection) -> Objection:
    """Ask this function before an agent gets an address: it answers why not, in words for people, or ""."""
    if function not in _objections:
        _objections.append(function)
    return function


def objection(address: str) -> str:
    """Why no agent can have this address; "" when one can."""
    return next((words for function in _objections if (words := function(address))), "")
