"""The report pages. Each answers a question; one module a page, which registers it.

A page is a function from a choice to a `Report`. The view, the files, the mail and the API are made from that alone
(`reports.views`, `reports.showing.exports`, `reports.api`): adding a page is adding a module and its name below.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from importlib import import_module
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.ledger import packs
from reports.reading import Filter
from reports.showing.blocks import Report

Group = Literal["both", "service", "experience", "joined"]
GROUPS: dict[Group, str | Promise] = {
    "both": _("At a glance"),
    "service": _("Service: what we did"),
    "experience": _("Experience: what they felt"),
    "joined": _("Joined"),
}
#: in the order of the menu
MODULES = (
    "overview",
    "today",
    "changes",
    "speed",
    "resolution",
    "channels",
    "people",
    "quality",
    "satisfaction",
    "effort",
    "recoveries",
    "loyalty",
    "voice",
    "drivers",
    "retention",
)


@dataclass(frozen=True, slots=True)
class Page:
    """A report: its key in addresses, its name, the question it answers, and how it is made."""

    key: str
    name: str | Promise
    question: str | Promise
    group: Group
    build: Callable[[Filter], Report]
    #: about this moment whatever the period, and kept up to date while it is open
    is_live: bool = False
    #: fields of the form above it that other pages do not have
    asks: tuple[str, ...] = ()
    #: whether its figures can stand beside those of other days
    compares: bool = True


_pages: dict[str, Page] = {}


def page(
    key: str, name: str | Promise, question: str | Promise, group: Group, *, is_live: bool = False,
    asks: tuple[str, ...] = (), compares: bool = True,
) -> Callable[[Callable[[Filter], Report]], Callable[[Filter], Report]]:  # fmt: skip
    """Make a page of a function."""

    def register(build: Callable[[Filter], Report]) -> Callable[[Filter], Report]:
        @wraps(build)
        def of_one_moment(chosen: Filter) -> Report:
            with packs.moment():
                return build(chosen if compares else replace(chosen, compare=""))

        _pages[key] = Page(key, name, question, group, of_one_moment, is_live, asks, compares)
        return build

    return register


def load() -> None:
    """Register every page; when the app is ready."""
    for name in MODULES:
        import_module(f"reports.pages.{name}")


def find(key: str) -> Page | None:
    return _pages.get(key)


def all_pages() -> list[Page]:
    """In the order of the menu."""
    return list(_pages.values())
