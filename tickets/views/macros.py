"""What the composer offers while one writes: saved replies and macros, colleagues to name."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk.pages import agent_of, agents_only
from tickets import emoji as emoji_signs
from tickets import mentions
from tickets.models import Macro
from tickets.operations import macros
from tickets.operations.status import NotPossible
from tickets.views.shared import after_act, find, not_possible


@agents_only
@require_safe
def ticket_macros(request: HttpRequest, number: int) -> JsonResponse:
    """The macros for this ticket, those that fit best first, with their text filled in and their acts in words."""
    ticket, agent = find(request, number), agent_of(request)
    offered = []
    for one in macros.rank(ticket, agent):
        rendered = macros.render(one.macro, ticket, agent)
        offered.append(
            {
                "id": one.macro.pk,
                "name": one.macro.name,
                "text": rendered.text,
                "html": rendered.html,
                "acts": macros.described(one.macro.actions),
                "why": one.why,
            }
        )
    return JsonResponse({"macros": offered})


@agents_only
@require_POST
def ticket_macro(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """A macro was put into the text (`use`), or its acts are to be done now."""
    ticket, agent = find(request, number), agent_of(request)
    macro = get_object_or_404(Macro.objects.visible_to(agent).for_inbox(ticket.inbox), pk=pk)
    if request.POST.get("use"):
        macros.note_use(macro, ticket, actor=agent)
        return HttpResponse(status=204)
    try:
        macros.run(macro, ticket, actor=agent)
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, _("Done: %(macro)s") % {"macro": macro.name}, can_undo=False)


@agents_only
@require_safe
def ticket_colleagues(request: HttpRequest, number: int) -> JsonResponse:
    """Who may be named in a note on this ticket."""
    ticket = find(request, number)
    people = [{"id": one.pk, "name": one.name} for one in mentions.mentionable(ticket)[:500]]
    return JsonResponse({"colleagues": people})


@agents_only
@require_safe
def emoji(request: HttpRequest) -> JsonResponse:
    """Emoji and their names."""
    response = JsonResponse({"emoji": emoji_signs.named()})
    response["Cache-Control"] = "private, max-age=86400"
    return response
