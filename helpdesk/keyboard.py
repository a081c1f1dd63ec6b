"""The keyboard map: every act with a name, a label and its key, and what an agent made of the keys.

Apps say in their ready() what can be done (`act`). The list behind `?`, the scripts that hear the keys, the command
palette and the page where agents choose their own keys are all made of this one map, so what is listed is what works.

An act is done by keyboard.js: by a function of that name where it has one, else by pressing the button on the page
whose `data-act` is the act's name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.models import Agent

#: in the order they are listed
GROUPS: dict[str, str | Promise] = {
    "ticket": gettext_lazy("In a ticket"),
    "list": gettext_lazy("In a list"),
    "writing": gettext_lazy("While writing"),
    "everywhere": gettext_lazy("Everywhere"),
}

#: named keys as they are printed on keyboards
PRINTED = {"Escape": "Esc", "ArrowUp": "↑", "ArrowDown": "↓", "ArrowLeft": "←", "ArrowRight": "→", "Shift": "⇧"}


@dataclass(frozen=True, slots=True)
class Act:
    """Something a key does. `keys` are those of the map; an agent's own stand in for them."""

    #: what keyboard.js calls it, and the `data-act` of the button that does it
    name: str
    label: str | Promise
    #: as browsers name them, letters in lower case; "Shift+x" for a letter with Shift
    keys: tuple[str, ...] = ()
    group: str = "ticket"
    #: a selector of something that must be on the page; "" for nothing
    needs: str = ""
    #: the act its keys do instead where that is not on the page
    otherwise: str = ""
    #: nobody chooses another key for it
    is_fixed: bool = False
    #: the command palette offers it
    in_palette: bool = True
    icon: str = "zap"

    @property
    def heard(self) -> str:
        """The keys keyboard.js listens to: those with Ctrl belong to whom they were made for."""
        return " ".join(key for key in self.keys if not key.startswith("Ctrl+"))

    @property
    def printed(self) -> list[str]:
        """Each key as it is printed, those pressed together one after the other."""
        return [printed(part) for key in self.keys for part in key.split("+") if part] if self.keys else []


class Refused(Exception):
    """These keys cannot be: why, by the name of the act."""

    def __init__(self, why: dict[str, str]) -> None:
        super().__init__(" ".join(why.values()))
        self.why = why


_acts: dict[str, Act] = {}


def act(one: Act) -> None:
    """Put an act on the map. Two acts never share a key, nor a name."""
    taken = {key: other.name for other in _acts.values() if other.name != one.name for key in other.keys}
    for key in one.keys:
        if key in taken:
            raise ValueError(f"{key} is the key of {taken[key]}, so it cannot be that of {one.name}.")
    _acts[one.name] = one
    _printed_keys.cache_clear()


def acts() -> Sequence[Act]:
    """Every act, group by group, with the keys of the map."""
    return sorted(_acts.values(), key=lambda one: list(GROUPS).index(one.group))


def acts_for(own: Mapping[str, str]) -> Sequence[Act]:
    """Every act with the keys an agent has for it: their own, or those of the map that no other act of theirs took."""
    taken = {key for name, key in own.items() if key and name in _acts}
    return [
        replace(one, keys=tuple(filter(None, [own[one.name]])))
        if one.name in own and not one.is_fixed
        else replace(one, keys=tuple(key for key in one.keys if one.is_fixed or key not in taken))
        for one in acts()
    ]


def groups_for(own: Mapping[str, str]) -> Sequence[tuple[str | Promise, Sequence[Act]]]:
    """The acts with an agent's keys under the titles of their groups."""
    found = acts_for(own)
    return [
        (title, members) for key, title in GROUPS.items() if (members := [one for one in found if one.group == key])
    ]


def key_of(name: str, agent: object) -> str:
    """The key an agent presses for an act, as it is printed; "" for none."""
    own = agent.keys if isinstance(agent, Agent) else {}
    return _printed_keys(tuple(own.items())).get(name, "")


@lru_cache(maxsize=512)
def _printed_keys(own: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """The key of each act that has one, for an agent with these of their own."""
    return {one.name: printed(one.keys[0]) for one in acts_for(dict(own)) if one.keys}


def printed(key: str) -> str:
    """A key as it is printed: "e" is E, "Escape" is Esc."""
    if "+" in key and len(key) > 1:
        return " ".join(printed(part) for part in key.split("+"))
    return key.upper() if len(key) == 1 else PRINTED.get(key, key)


def clean(given: Mapping[str, str]) -> dict[str, str]:
    """What an agent chose, without what the map says anyway. Raises Refused, in words for each act.

    One letter, digit or sign a key; "" is no key. What browsers do with Ctrl, Alt or ⌘ is never taken from them, since
    an act hears of none of these.
    """
    why: dict[str, str] = {}
    own: dict[str, str] = {}
    for one in _acts.values():
        if one.is_fixed or one.name not in given:
            continue
        key = given[one.name].strip().lower()
        if one.keys and key == one.keys[0].lower():  # the map's own may be longer than one may choose
            continue
        if len(key) > 1 or not key.isprintable():
            why[one.name] = _("One letter, digit or sign.")
        elif key or one.keys:
            own[one.name] = key
    why.update(_conflicts(own))
    if why:
        raise Refused(why)
    return own


def _conflicts(own: Mapping[str, str]) -> dict[str, str]:
    """An act whose chosen key means something else already, which keeps it."""
    holders: dict[str, list[Act]] = {}
    for one in _acts.values():
        for key in [own[one.name]] if one.name in own else one.keys:
            if key:
                holders.setdefault(key, []).append(one)
    why = {}
    for key, sharing in holders.items():
        for one in sharing if len(sharing) > 1 else ():
            if one.name in own:
                others = _listed(str(other.label) for other in sharing if other is not one)
                why[one.name] = _("%(key)s already means “%(act)s”.") % {"key": printed(key), "act": others}
    return why


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def register_own() -> None:
    """The acts of every page."""
    for one in (
        Act(
            "palette", gettext_lazy("Do or find anything"), ("Ctrl+k",), "everywhere",
            is_fixed=True, in_palette=False,
        ),
        Act("search", gettext_lazy("Find a ticket or a customer"), ("q",), "everywhere", icon="search"),
        Act("jump", gettext_lazy("Go to, then a letter"), ("g",), "everywhere", in_palette=False),
        Act("help", gettext_lazy("This list"), ("?",), "everywhere", icon="keyboard"),
        Act(
            "escape", gettext_lazy("Close, or leave the field"), ("Escape",), "everywhere",
            is_fixed=True, in_palette=False,
        ),
    ):  # fmt: skip
        act(one)
