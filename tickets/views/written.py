"""What a composer's form says, whichever of its tabs it is about.

The tabs share one form, so that it works without scripts: the reply's fields have plain names, those of the others
begin with their kind, as in `note_text`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tickets import rich_text, texts
from tickets.forms import MessageForm
from tickets.models import Attachment, Draft, Message, MessageKind, Ticket
from tickets.operations import acting, forwarding, recipients
from tickets.operations.drafting import Content
from tickets.operations.enclosing import Upload
from tickets.operations.recipients import Chosen
from tickets.operations.replying import MOST_ACTS
from tickets.operations.status import NotPossible

KINDS = tuple(Draft.Kind.values)


def field(kind: str, name: str) -> str:
    """What a field of this tab is called."""
    return name if kind == Draft.Kind.REPLY else f"{kind}_{name}"


def given(post: QueryDict, kind: str, name: str) -> str:
    """A field's value; a form of one kind alone may leave out the kind."""
    own = field(kind, name)
    return post.get(own if own in post else name, "")


@dataclass(frozen=True, slots=True)
class Written:
    """One tab of a composer's form, read and looked up, not yet checked by its operation."""

    kind: str
    text: str
    #: as the editor wrote it; "" where it says nothing that the text does not
    html: str
    once: str
    #: the draft it was written from; None for a form that knows of none
    version: int | None
    #: what this page saved before, where it did
    sent: str | None
    #: the last message the writer saw
    seen: int | None
    #: None for whoever the answered message says
    chosen: Chosen | None
    #: whether that is what the page had suggested
    is_as_suggested: bool
    answers: Message | None
    subject: str
    is_shared: bool
    files: Sequence[Upload]
    draft_files: Sequence[int]
    #: of the forwarded message, those that go along, and all of them
    attachments: Sequence[Attachment]
    offered: Sequence[Attachment]
    then: str
    #: acts in words that are done with it
    acts: Sequence[dict[str, Any]]
    send_at: datetime | None
    #: the way it goes, a key of `posting.routes`; "" the way the answered message came
    via: str = ""
    #: what a network takes instead of free words: a template's key
    template: str = ""
    #: the words for its places
    places: Mapping[str, str] | None = None

    @property
    def content(self) -> Content:
        """The same as a draft keeps it."""
        subject = self.subject
        if self.answers is not None and subject == forwarding.default_subject(self.answers):
            subject = ""
        return Content(
            text=self.text,
            html=self.html,
            acts=self.acts,
            chosen=None if self.is_as_suggested else self.chosen,
            subject=subject,
            answers=self.answers,
            is_shared=self.is_shared,
            is_kept=len(self.attachments) != len(self.offered),
            via=self.via,
        )


def read(request: HttpRequest, ticket: Ticket, kind: str) -> Written:
    """The form's tab of this kind. Raises NotPossible with what is wrong with it."""
    post = request.POST
    names = ("text", "once", "subject", "to", "cc", "bcc")
    form = MessageForm({name: given(post, kind, name) for name in names}, request.FILES)
    if not form.is_valid():
        raise NotPossible(" ".join(str(error) for errors in form.errors.values() for error in errors))
    data = form.cleaned_data
    answers = _answered(ticket, kind, given(post, kind, "answers"))
    offered = list(answers.attachments.select_related("file")) if kind == Draft.Kind.FORWARD and answers else []
    ticked = {texts.number(one) for one in post.getlist(field(kind, "attachment"))}
    seen, then = _seen(post)
    acts = _acts(post, kind)
    if kind == Draft.Kind.REPLY and then.startswith("snooze"):
        when = then.removeprefix("snooze").strip() or post.get("snooze_words", "")
        acts, then = [*acts, acting.clean({"do": "snooze", "words": when})], ""
    chosen = _chosen(post, kind)
    text, html = words(post, kind)
    return Written(
        kind=kind,
        text=text,
        html=html,
        once=data["once"],
        version=texts.number(given(post, kind, "version")),
        sent=rich_text.read(post["sent_html"])[0] if "sent_html" in post else post.get("sent"),
        seen=seen,
        chosen=chosen,
        is_as_suggested=chosen is None or chosen.as_a_set == _suggested(post, kind),
        answers=answers,
        subject=data["subject"],
        is_shared=bool(given(post, kind, "shared")),
        files=[Upload(f.name or "file", f.content_type or "application/octet-stream", f.read()) for f in data["files"]],
        draft_files=[n for one in post.getlist(field(kind, "draft_file")) if (n := texts.number(one))],
        attachments=[one for one in offered if one.pk in ticked],
        offered=offered,
        then=then,
        acts=acts,
        send_at=_time(post),
        via=post.get("via", "")[:20] if kind == Draft.Kind.REPLY else "",
        template=post.get("template", "")[:200] if kind == Draft.Kind.REPLY else "",
        places=_places(post),
    )


def _places(post: QueryDict) -> dict[str, str]:
    """The words for the places of the template that was chosen."""
    begin = f"place.{post.get('template', '')}."
    return {name.removeprefix(begin): str(post[name])[:1000] for name in post if name.startswith(begin)}


def words(post: QueryDict, kind: str) -> tuple[str, str]:
    """What was written, as text and HTML. An editor's HTML is what counts; without one it is the plain field."""
    if written := post.get(field(kind, "html"), ""):
        return rich_text.read(written)
    return given(post, kind, "text"), ""


def _acts(post: QueryDict, kind: str) -> list[dict[str, Any]]:
    """What is to be done with it. Raises NotPossible for what is no act, or speaks of what is gone."""
    try:
        given_acts = json.loads(post.get(field(kind, "acts"), "") or "[]")
    except (ValueError, RecursionError):
        given_acts = None
    if not isinstance(given_acts, list) or len(given_acts) > MOST_ACTS:
        raise NotPossible(_("There is no such act."))
    return [acting.clean(act) for act in given_acts]


def _answered(ticket: Ticket, kind: str, number: str) -> Message | None:
    """The message it is about, of those such a message can be about."""
    kinds = [MessageKind.INCOMING] if kind == Draft.Kind.REPLY else [k for k in MessageKind if k != MessageKind.NOTE]
    found = ticket.messages.filter(pk=texts.number(number) or 0, kind__in=kinds, withdrawn_at=None)
    return found.select_related("sender", "author", "side", "ticket__inbox").first()


def _chosen(post: QueryDict, kind: str) -> Chosen | None:
    """Whom the form names; None where it has no such fields."""
    if kind == Draft.Kind.NOTE or not {field(kind, "to"), "to"} & post.keys():
        return None
    to, cc, bcc = (recipients.split(given(post, kind, name)) for name in ("to", "cc", "bcc"))
    cc += [address for one in post.getlist(field(kind, "include")) for address in recipients.split(one)]
    return Chosen(tuple(to), tuple(dict.fromkeys(cc)), tuple(bcc))


def _suggested(post: QueryDict, kind: str) -> tuple[frozenset[str], ...]:
    to, _bar, cc = given(post, kind, "suggested").partition("|")
    return Chosen(tuple(recipients.split(to)), tuple(recipients.split(cc))).as_a_set


def _seen(post: QueryDict) -> tuple[int | None, str]:
    """What the writer saw last and what is to happen then; "send anyway" says both anew."""
    anyway, _space, then = post.get("anyway", "").partition(" ")
    seen = texts.number(anyway) or texts.number(post.get("seen", ""))
    wanted = "later_then" if post.get("send_at") or post.get("later") else "then"
    return seen, then or post.get(wanted, "")


def _time(post: QueryDict) -> datetime | None:
    """When it shall go out; None for at once. Raises NotPossible for a time nobody can read."""
    typed = post.get("later") == "other"
    wanted = post.get("send_at_other" if typed else "send_at", "")
    if not wanted and not typed:
        return None
    try:
        at = parse_datetime(wanted)
        if at is not None and timezone.is_naive(at):
            at = timezone.make_aware(at)
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise NotPossible(_("Say when it shall go out: a day and an hour."))
    return at
