"""What is being written, kept on the server: saved at each pause, never over a newer text, gone only when it is sent.

A draft belongs to a ticket, an author and a kind. Its `once` key is the identity of the message it becomes: whoever
saves under another key speaks of another draft, and one that was sent cannot be saved again.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock, live
from helpdesk.models import Agent
from tickets import rich_text, texts
from tickets.models import Draft, DraftFile, Message, Ticket
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotPossible, must_answer_customers

MOST_TEXT = 200_000


class Outdated(NotPossible):
    """Another window is ahead: `draft` is what it saved; None when it sent or discarded the draft."""

    def __init__(self, draft: Draft | None) -> None:
        self.draft = draft
        super().__init__(
            _("Another window has a newer draft.") if draft else _("This draft was sent or discarded elsewhere.")
        )


@dataclass(frozen=True, slots=True)
class Content:
    """What a draft says. `chosen` is None for whoever the answered message says."""

    text: str = ""
    chosen: Chosen | None = None
    subject: str = ""
    answers: Message | None = None
    is_shared: bool = False
    #: worth keeping without a word: somebody chose what goes along
    is_kept: bool = False
    #: as the editor wrote it, where it says more than the text
    html: str = ""
    #: acts in words that are done with the message
    acts: Sequence[dict[str, Any]] = ()
    #: the way it goes; "" the way the answered message came
    via: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.text.strip() or self.chosen or self.subject or self.is_kept)

    def onto(self, draft: Draft) -> bool:
        """Put it on a draft; whether that changed anything."""
        chosen = self.chosen
        wanted = {
            "text": _kept(self.text),
            "html": rich_text.clean(self.html),
            "acts": list(self.acts),
            "to": list(chosen.to) if chosen else None,
            "cc": list(chosen.cc) if chosen else None,
            "bcc": list(chosen.bcc) if chosen else [],
            "subject": texts.line(self.subject),
            "answers_id": self.answers.pk if self.answers else None,
            "is_shared": self.is_shared,
            "via": self.via[:20],
        }
        changed = any(getattr(draft, name) != value for name, value in wanted.items())
        for name, value in wanted.items():
            setattr(draft, name, value)
        return changed


def _kept(text: str | None) -> str | None:
    """A draft's text as it is kept: as it was typed, but for what cannot be."""
    return text.replace("\r\n", "\n").replace("\x00", "") if text is not None else None


def new_key() -> str:
    """An identity for a message to be."""
    return uuid.uuid4().hex


def of(ticket: Ticket, actor: Agent, kind: str) -> Draft | None:
    """The agent's draft of this kind on a ticket."""
    return Draft.objects.filter(ticket=ticket, author=actor, kind=kind).first()


def files_beside(ticket: Ticket, actor: Agent) -> list[tuple[str, str, int]]:
    """The files that will go with an answer: (name, media type, bytes) of each."""
    kept = DraftFile.objects.filter(draft__ticket=ticket, draft__author=actor, draft__kind=Draft.Kind.REPLY)
    return list(kept.values_list("filename", "content_type", "file__size"))


def once_key(actor: Agent, once: str) -> str:
    """The key a message of this agent is kept under, so that it is written once."""
    return f"{actor.pk}:{once}"[:100]


@transaction.atomic
def save(
    ticket: Ticket, *, actor: Agent, kind: str, content: Content, version: int = 0, once: str = "",
    sent: str | None = None,
) -> Draft | None:  # fmt: skip
    """Keep what is written. `version` and `once` are those of the draft one began from, 0 and a new key without one.

    `sent` is what the same page saved before: a save whose forerunner is still under way is nobody else's.

    An empty draft without files is dropped: None. Raises Outdated when another window is ahead, NotPossible for who may
    not write this, or while the draft waits for its time.
    """
    must_be_allowed(actor, kind, ticket)
    if len(content.text) > MOST_TEXT or len(content.html) > rich_text.MOST:
        raise NotPossible(_("That is too long: a message has at most 200,000 characters."))
    ticket = Ticket.objects.locked(ticket.pk)
    if once and Message.objects.filter(once=once_key(actor, once)).exists():
        raise Outdated(None)
    draft = of(ticket, actor, kind)
    if draft is None:
        if version:
            raise Outdated(None)
        return None if content.is_blank else _begin(ticket, actor, kind, content, once)
    if draft.send_at:
        raise NotPossible(_("Your answer waits for its time. Change it there, or cancel it."))
    was_shared = draft.is_shared
    is_ahead = bool(once and draft.once != once) or (draft.version != version and draft.text != _kept(sent))
    changed = content.onto(draft)
    if not changed:
        return draft
    if is_ahead:
        raise Outdated(of(ticket, actor, kind))
    if content.is_blank and not draft.files.exists():
        draft.delete()
        tell(ticket, if_any=was_shared)
        return None
    draft.version += 1
    draft.held_back = ""
    draft.updated_at = clock.now()
    draft.save()
    tell(ticket, if_any=was_shared != draft.is_shared)
    return draft


def _begin(ticket: Ticket, actor: Agent, kind: str, content: Content, once: str) -> Draft:
    draft = Draft(ticket=ticket, author=actor, kind=kind, once=once[:64] or new_key(), updated_at=clock.now())
    content.onto(draft)
    draft.save()
    tell(ticket, if_any=draft.is_shared)
    return draft


def begun(ticket: Ticket, *, actor: Agent, kind: str, once: str = "") -> Draft:
    """The agent's draft on a locked ticket, begun now if there is none: what a file is put on."""
    must_be_allowed(actor, kind, ticket)
    draft = of(ticket, actor, kind)
    if draft is not None and draft.send_at:
        raise NotPossible(_("Your answer waits for its time. Change it there, or cancel it."))
    return draft or _begin(ticket, actor, kind, Content(), once)


@transaction.atomic
def discard(ticket: Ticket, *, actor: Agent, kind: str) -> None:
    """Throw the agent's own draft away, with its files. None is thrown away already."""
    ticket = Ticket.objects.locked(ticket.pk)
    if draft := of(ticket, actor, kind):
        draft.delete()
        tell(ticket, if_any=draft.is_shared or bool(draft.held_back))


def consume(ticket: Ticket, actor: Agent, kind: str, version: int, text: str) -> None:
    """The draft became a message with this text; part of sending it, on a locked ticket.

    One that another window wrote further stays, under a new key: nothing that was not sent is lost.
    """
    draft = of(ticket, actor, kind)
    if draft is None:
        return
    if draft.version > version and texts.clean(draft.text) not in ("", texts.clean(text)):
        draft.once = new_key()
        draft.version += 1
        draft.save(update_fields=["once", "version"])
        return
    draft.delete()
    tell(ticket, if_any=draft.is_shared or bool(draft.send_at or draft.held_back))


def joined(*parts: str) -> str:
    """Several texts as one, the empty ones left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())


def must_be_allowed(actor: Agent, kind: str, ticket: Ticket) -> None:
    """Raise NotPossible for who may not send what they would write."""
    if kind != Draft.Kind.NOTE:
        must_answer_customers(actor, ticket)


def tell(ticket: Ticket, *, if_any: bool = True) -> None:
    """Let open pages of this ticket look again: a draft is no event, but colleagues see some."""
    if if_any:
        notice = live.Notice("draft.changed", ticket.ledger_stream, ticket.ledger_audience, 0)
        transaction.on_commit(lambda: live.publish([notice]), robust=True)
