"""Notes about customers and organisations: what colleagues should know of them."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import texts
from tickets.models import Customer, CustomerNote, Organisation
from tickets.operations import customers
from tickets.operations.status import NotPossible

#: a deleted note can be brought back for so long
KEPT = timedelta(days=1)


@transaction.atomic
def add(about: Customer | Organisation, *, text: str, actor: Agent) -> CustomerNote:
    """Write a note; light collaborators may too. Raises NotPossible where nothing is written."""
    text = _words(text)
    if isinstance(about, Customer):
        note = CustomerNote.objects.create(customer=customers.hold(about), text=text, author=actor)
    else:
        note = CustomerNote.objects.create(organisation=about, text=text, author=actor)
    _record("note_added", note, actor)
    return note


@transaction.atomic
def edit(note: CustomerNote, *, text: str, actor: Agent) -> CustomerNote:
    """Change the words of one's own note."""
    note, text = _locked(note), _words(text)
    if note.author_id != actor.pk:
        raise NotPossible(_("Only who wrote a note changes it."))
    if note.text == text:
        return note
    note.text, note.updated_at = text, clock.now()
    note.save(update_fields=["text", "updated_at"])
    _record("note_changed", note, actor)
    return note


@transaction.atomic
def pin(note: CustomerNote, *, actor: Agent, is_pinned: bool = True) -> CustomerNote:
    """Show a note beside every ticket of theirs, or no longer."""
    note = _locked(note)
    if note.is_pinned == is_pinned:
        return note
    note.is_pinned = is_pinned
    note.save(update_fields=["is_pinned"])
    _record("note_pinned" if is_pinned else "note_unpinned", note, actor)
    return note


@transaction.atomic
def delete(note: CustomerNote, *, actor: Agent) -> None:
    """Delete one's own note, or as an admin or lead anybody's; for a day it can be brought back."""
    note = _locked(note, is_deleted=None)
    if note.author_id != actor.pk and not actor.is_lead:
        raise NotPossible(_("Only who wrote a note, or a lead, deletes it."))
    if note.deleted_at is None:
        note.deleted_at = clock.now()
        note.save(update_fields=["deleted_at"])
        _record("note_deleted", note, actor)


@transaction.atomic
def restore(note: CustomerNote, *, actor: Agent) -> CustomerNote:
    """Bring a deleted note back. Raises NotPossible when it is too late."""
    note = _locked(note, is_deleted=None)
    if note.author_id != actor.pk and not actor.is_lead:
        raise NotPossible(_("Only who wrote a note, or a lead, brings it back."))
    if note.deleted_at is not None:
        note.deleted_at = None
        note.save(update_fields=["deleted_at"])
        _record("note_restored", note, actor)
    return note


def forget_deleted() -> int:
    """Drop what was deleted long enough ago."""
    return CustomerNote.objects.filter(deleted_at__lt=clock.now() - KEPT).delete()[0]


def _words(text: str) -> str:
    words = texts.clean(text)
    if not words:
        raise NotPossible(_("Write what colleagues should know."))
    if len(words) > 4000:
        raise NotPossible(_("A note has at most 4,000 characters."))
    return words


def _locked(note: CustomerNote, *, is_deleted: bool | None = False) -> CustomerNote:
    found = CustomerNote.objects.select_for_update(of=("self",)).filter(pk=note.pk).first()
    if found is None or (is_deleted is False and found.deleted_at):
        raise NotPossible(_("This note is gone."))
    return found


def _record(what: str, note: CustomerNote, actor: Agent) -> None:
    about = note.customer or note.organisation
    assert about is not None
    record(f"{about._meta.model_name}.{what}", about, actor=actor, note=note.pk)
