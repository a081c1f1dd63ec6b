"""What upper floors may add to what we show, without our knowing them.

An upper app's `ready()` fills these; pages ask them. Order is the order of registration.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.utils.functional import Promise

from helpdesk.models import Agent
from tickets import conditions, search_words
from tickets.models import Customer, Organisation, OutgoingMail, Ticket


@dataclass(frozen=True, slots=True)
class Badge:
    """A short word on a ticket's row. `tone` is "quiet", "good", "warn" or "bad"; `title` says it in full."""

    text: str
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A block beside the ticket. `template` is rendered with `context`.

    With `places` it is one of the pieces that are drawn once (helpdesk.pieces): its context is hashable.
    """

    title: str
    template: str
    context: dict[str, Any]
    places: Mapping[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of a ticket's menu of acts: it leads to an upper floor's page, whose address takes the ticket's number."""

    # hashing words that wait for a language looks them up
    label: str | Promise = field(hash=False)
    icon: str
    url_name: str


@dataclass(frozen=True, slots=True)
class ChatQuestions:
    """What an upper floor asks visitors in the chat's own window.

    `question` says what a mail in their talk asks, as the widget draws it; None where it asks nothing. `answer` takes
    what they say to the question of a token in a talk, and gives a status and what the widget shows then.
    """

    question: Callable[[OutgoingMail], dict[str, Any] | None]
    answer: Callable[[str, int, Mapping[str, Any]], tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Subject:
    """A customer whose data is asked for: they, all who turned out to be them, their tickets and addresses."""

    customers: tuple[int, ...]
    tickets: tuple[int, ...]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What an upper floor keeps of customers: how many things, what they say, and how they are erased.

    `erase` runs in the transaction that erases the customer. It takes away what tells who somebody is and what they
    wrote, and leaves what figures are made of.
    """

    title: str | Promise
    count: Callable[[Subject], int]
    export: Callable[[Subject], list[dict[str, Any]]]
    erase: Callable[[Subject], None]


_personal_data: list[PersonalData] = []
_badges: list[Callable[[Ticket], Badge | None]] = []
_panels: list[Callable[[Ticket, Agent], Panel | None]] = []
_customer_panels: list[Callable[[Customer, Agent], Panel | None]] = []
_menu: list[MenuItem] = []
_organisation_panels: list[Callable[[Organisation, Agent], Panel | None]] = []
_activities: dict[str, Callable[[dict[str, Any]], str]] = {}
_chat_questions: list[ChatQuestions] = []
_wanted: dict[Callable[..., Any], str] = {}
AnyPanel = TypeVar("AnyPanel", bound=Callable[..., Panel | None])


def row_badge(function: Callable[[Ticket], Badge | None]) -> Callable[[Ticket], Badge | None]:
    """Show something on each row. It sees the ticket's own columns only: a list must not ask once a row."""
    _badges.append(function)
    return function


def ticket_panel(function: Callable[[Ticket, Agent], Panel | None]) -> Callable[[Ticket, Agent], Panel | None]:
    """Show a block beside the ticket."""
    _panels.append(function)
    return function


def customer_panel(function: Callable[[Customer, Agent], Panel | None]) -> Callable[[Customer, Agent], Panel | None]:
    """Show a block on a customer's page and beside their tickets: of what this agent may see only."""
    _customer_panels.append(function)
    return function


def menu_item(item: MenuItem) -> MenuItem:
    """Offer something in the menu of acts of every ticket."""
    if item not in _menu:
        _menu.append(item)
    return item


def chat_questions(asking: ChatQuestions) -> None:
    """Ask visitors something in the chat's own window."""
    if asking not in _chat_questions:
        _chat_questions.append(asking)


def chat_question(mail: OutgoingMail) -> dict[str, Any] | None:
    """What a mail in a visitor's talk asks them; None where it only says something."""
    return next((asked for one in _chat_questions if (asked := one.question(mail)) is not None), None)


def chat_answer(token: str, talk: int, said: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Take a visitor's answer to such a question. 404 where nobody asked it."""
    for one in _chat_questions:
        status, shown = one.answer(token, talk, said)
        if status != 404:
            return status, shown
    return 404, {}


def menu() -> list[MenuItem]:
    """What upper floors offer in the menu of a ticket."""
    return list(_menu)


def organisation_panel(
    function: Callable[[Organisation, Agent], Panel | None],
) -> Callable[[Organisation, Agent], Panel | None]:
    """Show a block on an organisation's page: of what this agent may see only."""
    _organisation_panels.append(function)
    return function


def ticket_condition(upper: conditions.Upper) -> None:
    """Let views, searches, surveys and programs ask for tickets by something of an upper floor."""
    conditions.register(upper)
    search_words.learn(upper.key)


def only_where(there: str) -> Callable[[AnyPanel], AnyPanel]:
    """Ask a panel only where this SQL about the ticket `t` is true; a page learns it with everything else at a glance.

    The words are a programmer's: nothing that anybody typed may stand in them.
    """

    def remember(function: AnyPanel) -> AnyPanel:
        _wanted[function] = there
        return function

    return remember


def wanted() -> Mapping[Callable[..., Any], str]:
    """What panels want to be there."""
    return _wanted


def personal_data(kept: PersonalData) -> None:
    """Let customers' data of an upper floor be exported and erased with theirs."""
    if kept not in _personal_data:
        _personal_data.append(kept)


def all_personal_data() -> list[PersonalData]:
    """What upper floors keep of customers."""
    return list(_personal_data)


def activity(verb: str) -> Callable[[Callable[[dict[str, Any]], str]], Callable[[dict[str, Any]], str]]:
    """Say an event of this verb as a sentence; the function gets its facts."""

    def register(function: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
        _activities[verb] = function
        return function

    return register


def badges(ticket: Ticket) -> list[Badge]:
    """What the row of this ticket shows."""
    return [badge for function in _badges if (badge := function(ticket))]


def panels(ticket: Ticket, agent: Agent, *, empty: Collection[Callable[..., Any]] = ()) -> list[Panel]:
    """What stands beside this ticket; those known to be `empty` are not asked."""
    return [panel for function in _panels if function not in empty and (panel := function(ticket, agent))]


def customer_panels(customer: Customer, agent: Agent, *, empty: Collection[Callable[..., Any]] = ()) -> list[Panel]:
    """What stands on this customer's page; those known to be `empty` are not asked."""
    return [panel for function in _customer_panels if function not in empty and (panel := function(customer, agent))]


def organisation_panels(organisation: Organisation, agent: Agent) -> list[Panel]:
    """What stands on this organisation's page."""
    return [panel for function in _organisation_panels if (panel := function(organisation, agent))]


def sentence(verb: str) -> Callable[[dict[str, Any]], str] | None:
    """How an upper floor's event is said, if it told us."""
    return _activities.get(verb)
