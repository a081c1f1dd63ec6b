"""What the composer shows: a sheet for each kind of message, as its draft has it, or as the form just sent says."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent
from helpdesk.pages import agent_of, by_htmx
from helpdesk.templatetags.ui import short_time
from tickets import glance, rich_text, signatures, texts, timeline, watching
from tickets.channels.protocol import Template
from tickets.glance import Glance
from tickets.models import Draft, DraftFile, Message, MessageKind, Ticket, works_in
from tickets.operations import drafting, forwarding, macros, posting, recipients, scheduling
from tickets.operations.recipients import Chosen, Person, Recipients
from tickets.views import written


@lru_cache(maxsize=500)
def _people_drawn(people: Recipients, kind: str, only: str, _language: str | None) -> SafeString:
    shown = {"people": people, "kind": kind, "only": only, "prefix": ""}
    return render_to_string("tickets/_recipients_line.html", shown)


@dataclass(frozen=True, slots=True)
class Offered:
    """A template that may be sent instead of free words; each piece with whether it is a place, and what is in it."""

    template: Template
    is_chosen: bool
    pieces: Sequence[tuple[str, bool, str]]


@dataclass(slots=True)
class Sheet:
    """One tab: what is in its fields."""

    kind: str
    text: str = ""
    #: as the editor takes it, where it says more than the text
    html: str = ""
    once: str = ""
    version: int = 0
    is_shared: bool = False
    held_back: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    #: what the page suggests: changed fields are the writer's own choice
    suggested: str = ""
    subject: str = ""
    answers: Message | None = None
    people: Recipients = field(default_factory=Recipients)
    files: Sequence[DraftFile] = ()
    #: what is done with it, each as JSON-able act and in words
    acts: Sequence[dict[str, Any]] = ()
    #: the ways an answer may go, where there is more to choose than who gets a mail
    routes: Sequence[posting.Route] = ()
    #: the key of the one it goes
    via: str = ""
    #: of each network whose time for free words is over: its templates, as they were chosen and filled in
    late: Sequence[Sequence[Offered]] = ()
    #: of the forwarded message, each with whether it goes along
    attachments: Sequence[tuple[Any, bool]] = ()

    @property
    def prefix(self) -> str:
        return written.field(self.kind, "")

    @property
    def line(self) -> SafeString:
        """Who gets it, in a line."""
        return self._people("line")

    @property
    def offers(self) -> SafeString:
        """Who might get it too."""
        return self._people("offers")

    def _people(self, only: str) -> SafeString:
        return _people_drawn(self.people, self.kind, only, get_language())

    @property
    def acts_json(self) -> str:
        """The acts as the form sends them."""
        return json.dumps([one["act"] for one in self.acts]) if self.acts else ""


@dataclass(slots=True)
class Composer:
    """Everything under the conversation."""

    kind: str
    reply: Sheet
    note: Sheet
    forward: Sheet
    seen: int
    signature: str
    #: the writer's own answer that waits for its time
    scheduled: Draft | None
    times: Sequence[tuple[str, str]]
    #: moments to snooze until, in the reader's words and in ours
    snoozes: Sequence[tuple[str, str]]
    #: messages one may pass on
    forwardable: Sequence[tuple[int, str]]
    known: Sequence[Person]
    problem: str = ""

    @property
    def is_plain(self) -> bool:
        """Nothing was written yet, and nothing is said about it: it looks as on nearly every other ticket."""
        forward = self.forward
        return (
            not (self.problem or self.scheduled or forward.attachments or (forward.answers and forward.answers.side))
            and not any(one.version or one.text or one.files or one.acts or one.held_back for one in self.sheets)
            and not self.reply.routes
            and not (forward.to or forward.cc or forward.bcc)
        )

    @property
    def forward_options(self) -> SafeString:
        """The messages one may pass on, to choose from."""
        chosen = self.forward.answers.pk if self.forward.answers else None
        each = (
            f'<option value="{number}"{" selected" if number == chosen else ""}>{escape(words)}</option>'
            for number, words in self.forwardable
        )
        return mark_safe("".join(each))  # noqa: S308 - numbers, and words that were escaped

    @property
    def known_options(self) -> SafeString:
        """Addresses one may mean, to choose from."""
        each = ((one.address, one.name) for one in self.known)
        return format_html_join("", '<option value="{}">{}</option>', each)

    @property
    def front(self) -> Sheet:
        """The tab that is shown first."""
        return next(sheet for sheet in self.sheets if sheet.kind == self.kind)

    @property
    def sheets(self) -> Sequence[Sheet]:
        return (self.reply, self.note, self.forward)


def composer(
    request: HttpRequest, ticket: Ticket, *, messages: Sequence[Message] | None = None, has: Glance | None = None,
    may_work: bool | None = None, problem: str = "", kind: str = "",
) -> Composer:  # fmt: skip
    """The composer of this page. A form that was just refused is shown as it was sent, with the problem.

    `messages` (`timeline.said_on`), the ticket's glance and `may_work` (`works_in`) are what the page knows already.
    """
    agent = agent_of(request)
    has = has or glance.at(ticket, agent)
    said = timeline.said_on(ticket, with_files=has.files) if messages is None else messages
    drafts = _drafts(ticket, agent) if has.drafts else {}
    scheduled = next((draft for draft in drafts.values() if draft.send_at), None)
    if scheduled is not None:
        drafts.pop(scheduled.kind)
    reply = _reply(request, ticket, drafts.get(Draft.Kind.REPLY), said)
    note = _sheet(Draft.Kind.NOTE, drafts.get(Draft.Kind.NOTE))
    forward = _forward(request, ticket, drafts.get(Draft.Kind.FORWARD), reply.answers)
    if scheduled is not None and scheduled.send_at:
        scheduled.when = coming(scheduled.send_at)  # type: ignore[attr-defined]
    made = Composer(
        kind=kind
        or _opens_with(request, drafts, scheduled, works_in(agent, ticket.inbox_id) if may_work is None else may_work),
        reply=reply,
        note=note,
        forward=forward,
        seen=has.last_message,
        signature=signatures.render(ticket.inbox, agent, ticket),
        scheduled=scheduled,
        times=presets(),
        snoozes=_words(get_language())[1],
        forwardable=_forwardable(said, forward.answers),
        known=_known(ticket, reply.people),
        problem=problem,
    )
    if problem:
        for sheet in made.sheets:
            _as_sent(request, ticket, sheet)
    return made


def _drafts(ticket: Ticket, agent: Agent) -> dict[str, Draft]:
    """What the agent has begun to write here, by kind."""
    own = Draft.objects.filter(ticket=ticket, author=agent).select_related("answers__side", "answers__sender")
    return {draft.kind: draft for draft in own.prefetch_related("files__file")}


def _opens_with(request: HttpRequest, drafts: dict[str, Draft], scheduled: Draft | None, can_reply: bool) -> str:
    """The tab in front: the one asked for, else the latest draft's, else a reply."""
    if not can_reply:
        return Draft.Kind.NOTE
    if "forward" in request.GET:
        return Draft.Kind.FORWARD
    if "answer" in request.GET:
        return Draft.Kind.REPLY
    latest = max(drafts.values(), key=lambda draft: draft.updated_at, default=None)
    if latest is not None:
        return latest.kind
    return Draft.Kind.NOTE if scheduled else Draft.Kind.REPLY


def _sheet(kind: str, draft: Draft | None) -> Sheet:
    if draft is None:
        return Sheet(kind, once=drafting.new_key())
    return Sheet(
        kind,
        text=draft.text,
        html=in_editor(draft),
        once=draft.once,
        version=draft.version,
        is_shared=draft.is_shared,
        held_back=draft.held_back,
        subject=draft.subject,
        answers=draft.answers,
        files=list(draft.files.all()),
        acts=macros.described(draft.acts),
    )


def in_editor(draft: Draft) -> str:
    """A draft's HTML with addresses for its pictures; "" where its text says it all."""
    addresses = {one.filename: draft_file_url(draft, one) for one in draft.files.all()}
    html = draft.html
    if not html and addresses and "[image: " in draft.text:
        html = rich_text.from_text(draft.text, set(addresses))
        html = html if rich_text.pictures(html) else ""
    return rich_text.in_editor(html, addresses) if html else ""


def draft_file_url(draft: Draft, file: DraftFile) -> str:
    return reverse("ticket_draft_file", args=[draft.ticket_id, file.pk])


def _reply(request: HttpRequest, ticket: Ticket, draft: Draft | None, said: Sequence[Message]) -> Sheet:
    sheet = _sheet(Draft.Kind.REPLY, draft)
    asked = _message(ticket, request.GET.get("answer", ""), [MessageKind.INCOMING])
    chosen = scheduling.chosen_of(draft) if draft and not asked else None
    # a draft that goes to whoever the answered message says follows the conversation
    if asked is not None or chosen is None:
        sheet.answers = asked or recipients.latest_answerable(said)
    _route(sheet, ticket, draft, said)
    sheet.late = [[_offered(one, request.POST) for one in route.templates] for route in sheet.routes if route.is_late]
    suggested = recipients.suggest(ticket, sheet.answers, said=said)
    sheet.suggested = "|".join(", ".join(part) for part in (suggested.chosen.to, suggested.chosen.cc))
    _address(sheet, suggested if chosen is None else recipients.describe(ticket, sheet.answers, chosen))
    return sheet


def _offered(template: Template, post: QueryDict) -> Offered:
    """A template of a network, as the form had it that was refused."""
    pieces = [
        (piece, is_place, post.get(f"place.{template.key}.{piece}", "")[:1000] if is_place else "")
        for piece, is_place in template.pieces
    ]
    return Offered(template, post.get("template") == template.key, pieces)


def _route(sheet: Sheet, ticket: Ticket, draft: Draft | None, said: Sequence[Message]) -> None:
    """The ways one may answer. A ticket of mail alone has just one, which goes without saying."""
    if not (posting.is_talk(ticket.channel) or any(posting.is_talk(one.channel) for one in said)):
        return
    known = posting.routes(ticket)
    mail = posting.by_mail(ticket)
    sheet.routes = [*known, *([mail] if mail else [])]
    try:
        route = posting.route_to(ticket, sheet.answers, draft.via if draft else "", known=known)
    except posting.NotPossible:  # the talk went to another ticket since
        route = posting.route_to(ticket, sheet.answers, known=known)
    sheet.via = route.key if route else posting.BY_MAIL


def _forward(request: HttpRequest, ticket: Ticket, draft: Draft | None, latest: Message | None) -> Sheet:
    sheet = _sheet(Draft.Kind.FORWARD, draft)
    kinds = [kind for kind in MessageKind if kind != MessageKind.NOTE]
    asked = _message(ticket, request.GET.get("forward", ""), kinds)
    sheet.answers = asked or sheet.answers or latest
    chosen = scheduling.chosen_of(draft) if draft else None
    if sheet.answers is not None:
        sheet.subject = sheet.subject or forwarding.default_subject(sheet.answers)
        if sheet.answers.side is not None:
            sheet.subject = sheet.answers.side.subject
            chosen = chosen or Chosen(to=tuple(sheet.answers.side.addresses))
            sheet.suggested = f"{', '.join(sheet.answers.side.addresses)}|"
        else:
            sheet.attachments, sheet.files = _chosen_files(sheet.answers, sheet.files, has_draft=draft is not None)
    _address(sheet, _third_parties(chosen or Chosen()))
    return sheet


def _third_parties(chosen: Chosen) -> Recipients:
    """People we pass something on to: they are nobody's newcomers, and nobody is left out."""
    to, cc, bcc = (tuple(Person(address) for address in part) for part in (chosen.to, chosen.cc, chosen.bcc))
    return Recipients(to, cc, bcc)


def _chosen_files(
    message: Message, files: Sequence[DraftFile], *, has_draft: bool
) -> tuple[list[tuple[Any, bool]], list[DraftFile]]:
    """A forwarded message's files with whether they go along, and what was added beside them."""
    kept = {(one.file_id, one.filename) for one in files}
    theirs = list(message.attachments.all())
    keys = {(one.file_id, one.filename) for one in theirs}
    shown = [(one, not has_draft or (one.file_id, one.filename) in kept) for one in theirs]
    return shown, [one for one in files if (one.file_id, one.filename) not in keys]


def _address(sheet: Sheet, people: Recipients) -> None:
    sheet.people = people
    chosen = people.chosen
    sheet.to, sheet.cc, sheet.bcc = (", ".join(part) for part in (chosen.to, chosen.cc, chosen.bcc))


def _as_sent(request: HttpRequest, ticket: Ticket, sheet: Sheet) -> None:
    """Put what the refused form says into a sheet, so that nothing typed is lost."""
    post, kind = request.POST, sheet.kind
    if written.field(kind, "text") in post:
        sheet.text, sheet.html = written.words(post, kind)
        sheet.once = written.given(post, kind, "once")[:64] or sheet.once
    if kind != Draft.Kind.NOTE and written.field(kind, "to") in post:
        sheet.to, sheet.cc, sheet.bcc = (written.given(post, kind, name) for name in ("to", "cc", "bcc"))
        sheet.subject = written.given(post, kind, "subject") or sheet.subject
        try:
            chosen = recipients.check(Chosen(*(tuple(recipients.split(p)) for p in (sheet.to, sheet.cc, sheet.bcc))))
        except recipients.NotPossible:
            return
        is_reply = kind == Draft.Kind.REPLY
        sheet.people = recipients.describe(ticket, sheet.answers, chosen) if is_reply else _third_parties(chosen)


def _message(ticket: Ticket, number: str, kinds: Sequence[str]) -> Message | None:
    if not number:
        return None
    found = ticket.messages.filter(pk=texts.number(number) or 0, kind__in=kinds, withdrawn_at=None)
    return found.select_related("sender", "side", "ticket").first()


def _forwardable(said: Sequence[Message], chosen: Message | None) -> list[tuple[int, str]]:
    """The latest messages of the conversation in words, and the chosen one wherever it stands."""
    spoken = [message for message in said if message.kind in (MessageKind.INCOMING, MessageKind.REPLY)]
    latest = spoken[::-1][:30]
    if chosen is not None and chosen.pk not in {message.pk for message in latest}:
        latest.append(chosen)
    reader = get_language(), timezone.get_current_timezone(), timezone.localtime(clock.now()).date()
    return [
        (message.pk, _in_a_line(_who(message), message.created_at, message.text[:300], *reader)) for message in latest
    ]


def _who(message: Message) -> str:
    return message.author.name if message.author else message.sender_name or str(message.sender or "")


@lru_cache(maxsize=2000)
def _in_a_line(who: str, at: datetime, text: str, _language: str | None, _zone: tzinfo, _today: date) -> str:
    return f"{who}, {short_time(at)}: {texts.line(text, 60)}"


def _known(ticket: Ticket, people: Recipients) -> list[Person]:
    """Addresses one may mean when one begins to type."""
    known = {p.address.lower(): Person(p.address, ticket.customer.name) for p in ticket.customer.contact_points.all()}
    known |= {p.address.lower(): Person(p.address, p.name) for p in ticket.participants.all()}
    known |= {o.address.lower(): Person(o.address, o.name) for o in people.offered}
    asked = watching.asked_aside().get(ticket.inbox_id, ())
    known |= {address: Person(address) for address in asked if address not in known}
    return list(known.values())[:50]


@lru_cache(maxsize=50)
def _words(_language: str | None) -> tuple[tuple[str, str, str, str], tuple[tuple[str, str], ...]]:
    """What is said of the times to send at, and of the moments to snooze until."""
    return (_("In 1 hour"), _("This afternoon, 15:00"), _("Tomorrow, 9:00"), _("Monday, 9:00")), (
        (_("Tomorrow morning"), "tomorrow 9"),
        (_("In 3 working days"), "in 3 working days"),
        (_("Next week"), "monday 9"),
    )


def presets(now: datetime | None = None) -> list[tuple[str, str]]:
    """The times one is offered to send at, in the reader's zone: their words and the instant."""
    local = timezone.localtime(now or clock.now())
    in_an_hour, afternoon, tomorrow, monday = _words(get_language())[0]
    times = [(in_an_hour, local + timedelta(hours=1))]

    def at(days: int, hour: int) -> datetime:
        return datetime.combine(local.date() + timedelta(days=days), time(hour), tzinfo=local.tzinfo)

    if local.hour < 14:
        times.append((afternoon, at(0, 15)))
    times.append((tomorrow, at(1, 9)))
    if local.weekday() != 6:
        times.append((monday, at(7 - local.weekday(), 9)))
    return [(words, moment.astimezone(timezone.get_default_timezone()).isoformat()) for words, moment in times]


def pending(
    request: HttpRequest, ticket: Ticket, messages: Sequence[Message], *, has_drafts: bool = True
) -> dict[str, Any]:
    """What stands between the conversation (`messages`) and the composer: answers on their way, colleagues' drafts."""
    agent = agent_of(request)
    found = Draft.objects.filter(ticket=ticket).select_related("author") if has_drafts else []
    drafts = [
        draft
        for draft in found
        if draft.send_at or draft.held_back or (draft.is_shared and draft.author_id != agent.pk)
    ]
    for draft in drafts:
        draft.when = coming(draft.send_at) if draft.send_at else ""  # type: ignore[attr-defined]
    return {
        "drafts": sorted(drafts, key=lambda draft: (draft.send_at is None, draft.pk)),
        # scripts offer to undo in a toast
        "just_sent": [] if by_htmx(request) else _just_sent(messages, agent),
    }


def _just_sent(messages: Sequence[Message], agent: Agent) -> list[Message]:
    """What the agent may still take back."""
    since = clock.now() - timedelta(seconds=settings.UNDO_SECONDS)
    kinds = (MessageKind.REPLY, MessageKind.FORWARD)
    return [one for one in messages if one.created_at > since and one.author_id == agent.pk and one.kind in kinds]


def coming(at: datetime) -> str:
    """A moment to come as people say it: tomorrow, 9:00."""
    local, today = timezone.localtime(at), timezone.localtime(clock.now()).date()
    hour, days = formats.time_format(local, "TIME_FORMAT"), (local.date() - today).days
    if days == 0:
        return _("today, %(hour)s") % {"hour": hour}
    if days == 1:
        return _("tomorrow, %(hour)s") % {"hour": hour}
    day = formats.date_format(local, "l") if 0 < days < 7 else formats.date_format(local, "DATE_FORMAT")
    return f"{day}, {hour}"
