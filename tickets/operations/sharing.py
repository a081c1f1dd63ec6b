"""Drafts among colleagues: taking one over."""

from django.db import transaction
from django.utils.html import escape
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets import rich_text
from tickets.models import Draft, Ticket
from tickets.operations import drafting, enclosing, scheduling
from tickets.operations.status import NotPossible


@transaction.atomic
def take_over(draft: Draft, *, actor: Agent) -> Draft:
    """Make a colleague's draft the actor's own; what the actor had begun stands below it.

    Raises NotPossible for one that is private, and for who may not send it.
    """
    drafting.must_be_allowed(actor, draft.kind, draft.ticket)
    ticket = Ticket.objects.locked(draft.ticket_id)
    found = Draft.objects.filter(pk=draft.pk).first()
    if found is None:
        raise NotPossible(_("That draft is gone: it was sent or discarded."))
    draft = found
    if draft.author_id == actor.pk:
        return draft
    if not (draft.is_shared or draft.send_at or draft.held_back):
        raise NotPossible(_("That draft is private."))
    if mine := drafting.of(ticket, actor, draft.kind):
        if mine.send_at:
            raise NotPossible(_("Your own answer waits for its time. Change or cancel it first."))
        _fit_files(draft, mine)
        draft.html = rich_text.joined((draft.text, draft.html), (mine.text, mine.html))
        draft.text = drafting.joined(draft.text, mine.text)
        draft.acts = [*draft.acts, *(act for act in mine.acts if act not in draft.acts)]
        mine.files.update(draft=draft)
        mine.delete()
    scheduling.stop(ticket, draft, actor=actor, why="taken_over")
    draft.author, draft.version, draft.once = actor, draft.version + 1, drafting.new_key()
    draft.held_back, draft.updated_at = "", clock.now()
    draft.save()
    drafting.tell(ticket)
    return draft


def _fit_files(draft: Draft, mine: Draft) -> None:
    """Let the files of two drafts go with one, each under a name of its own. Raises NotPossible for too many."""
    theirs, own = list(draft.files.select_related("file")), list(mine.files.select_related("file"))
    enclosing.check([one.file.size for one in (*theirs, *own)])
    taken = {one.filename.lower() for one in theirs}
    for one in own:
        was, one.filename = one.filename, enclosing.free_name(one.filename, taken)
        if one.filename != was:
            one.save(update_fields=["filename"])
            mine.text = mine.text.replace(f"[image: {was}]", f"[image: {one.filename}]")
            mine.html = mine.html.replace(f"[image: {escape(was)}]", f"[image: {escape(one.filename)}]")
