"""The composer under a conversation, which looks the same on nearly every ticket until somebody writes in it."""

from typing import Any, NamedTuple

from django import template
from django.template.context import RequestContext
from django.template.defaultfilters import linebreaksbr
from django.template.loader import get_template
from django.utils.safestring import SafeString

from helpdesk import pieces
from helpdesk.pieces import place

register = template.Library()


class _Answered(NamedTuple):
    pk: str
    side: None = None


class _Sheet(NamedTuple):
    """A sheet nobody wrote on, with places for what differs from ticket to ticket."""

    kind: str
    prefix: str
    is_shared: bool
    once: str
    to: str = ""
    cc: str = ""
    bcc: str = ""
    suggested: str = ""
    subject: str = ""
    answers: _Answered | None = None
    line: str = ""
    offers: str = ""
    version: int = 0
    text: str = ""
    html: str = ""
    held_back: str = ""
    acts_json: str = ""
    files: tuple[()] = ()
    acts: tuple[()] = ()
    attachments: tuple[()] = ()


class _Composer(NamedTuple):
    kind: str
    reply: _Sheet
    note: _Sheet
    forward: _Sheet
    seen: str
    signature: str
    times: tuple[tuple[str, str], ...]
    snoozes: tuple[tuple[str, str], ...]
    forwardable: bool
    forward_options: str
    known_options: str
    scheduled: None = None
    problem: str = ""

    @property
    def front(self) -> _Sheet:
        return next(sheet for sheet in self.sheets if sheet.kind == self.kind)

    @property
    def sheets(self) -> tuple[_Sheet, ...]:
        return (self.reply, self.note, self.forward)


class _Customer(NamedTuple):
    display_name: str


class _Ticket(NamedTuple):
    number: int
    customer: _Customer
    is_closed: bool = False


class _Writer(NamedTuple):
    pk: str


@register.simple_tag(takes_context=True)
def composer_form(context: RequestContext) -> SafeString:
    """The composer: the piece everybody sees, or drawn anew where something is written in it."""
    ticket = context["ticket"]
    if ticket.is_closed or context.get("held") or not context["composer"].is_plain:
        return _whole(context)
    composer = context["composer"]
    reply, note, forward = composer.sheets
    places: dict[Any, Any] = {
        pieces.NUMBER: ticket.number, place("name"): ticket.customer.display_name, place("seen"): composer.seen,
        place("writer"): context["user"].pk, place("signature"): linebreaksbr(composer.signature),
        place("forward_options"): composer.forward_options, place("known_options"): composer.known_options,
        **{place(f"once_{one.kind}"): one.once for one in composer.sheets},
        **{place(f"at_{_letter(n)}"): at for n, (_words, at) in enumerate(composer.times)},
    }  # fmt: skip
    return pieces.draw(
        "tickets/_composer.html",
        places,
        context["request"],
        ticket=_Ticket(pieces.NUMBER, _Customer(place("name"))),
        user=_Writer(place("writer")),
        can_reply=context["can_reply"],
        composer=_Composer(
            str(composer.kind),
            _addressed(reply, places),
            _Sheet(str(note.kind), note.prefix, note.is_shared, place(f"once_{note.kind}")),
            _addressed(forward, places),
            place("seen"),
            place("signature") if composer.signature else "",
            tuple((words, place(f"at_{_letter(n)}")) for n, (words, _at) in enumerate(composer.times)),
            tuple(composer.snoozes),
            bool(composer.forwardable),
            place("forward_options"),
            place("known_options"),
        ),
    )


def _whole(context: RequestContext) -> SafeString:
    found: Any = get_template("tickets/_composer.html")
    drawn: SafeString = found.template.render(context)
    return drawn


def _addressed(sheet: Any, places: dict[Any, Any]) -> _Sheet:
    """A sheet that goes to somebody, its places filled from the real one."""
    names = ("to", "cc", "bcc", "suggested", "subject", "line", "offers")
    values: dict[str, Any] = {name: value for name in names if (value := getattr(sheet, name))}
    held: dict[str, Any] = {name: place(f"{sheet.kind}_{name}") for name in values}
    places.update({at: values[name] for name, at in held.items()})
    answers = None
    if sheet.answers is not None:
        answers = _Answered(place(f"{sheet.kind}_answers"))
        places[answers.pk] = sheet.answers.pk
    return _Sheet(str(sheet.kind), sheet.prefix, sheet.is_shared, place(f"once_{sheet.kind}"), answers=answers, **held)


def _letter(number: int) -> str:
    return "abcdefgh"[number]
