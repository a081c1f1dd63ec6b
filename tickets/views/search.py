"""The search page, and what the command palette finds."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only, by_htmx, sections_for
from tickets import conditions, lists, search_suggestions, search_words, searching, texts
from tickets.views.lists import address_of

#: of each sort of thing, the palette shows so many
OF_A_SORT = 6


@agents_only
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Tickets and people that fit what was typed; htmx is answered with the results alone."""
    agent, text = agent_of(request), request.GET.get("q", "")
    exact = request.GET.get("exact") == "1"
    found = searching.search(text, agent, page=texts.number(request.GET.get("page", "")) or 1, exact=exact)
    if found.number and request.GET.get("go"):
        return redirect("ticket", number=found.number)
    context = {**_context(text, found, exact), "suggestions": search_suggestions.suggest(text, agent)}
    template = "tickets/search.html#results" if by_htmx(request) else "tickets/search.html"
    return render(request, template, context)


def _context(text: str, found: searching.Found, exact: bool) -> dict[str, Any]:
    def address(**more: Any) -> str:
        return f"{reverse('search')}?{urlencode({'q': text, **({'exact': 1} if exact else {}), **more})}"

    query = found.query
    view_url = ""
    if (query.conditions or query.typed.groups) and not (query.more or query.everywhere):
        words = {"words": query.words} if query.words else {}
        view_url = f"{reverse('view_new')}?{urlencode({'where': conditions.written(query.conditions), **words})}"
    return {
        "q": text, "found": found, "query": query, "taught": search_suggestions.taught(), "rail_current": "search",
        "next_url": address(page=found.page + 1) if found.has_more else "",
        "previous_url": address(page=found.page - 1) if found.page > 1 else "",
        "exact_url": address(exact=1), "view_url": view_url, "all_of_it": not query.is_empty,
    }  # fmt: skip


@agents_only
@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """Tickets, customers, views and settings for the command palette, as options to choose from."""
    agent, text = agent_of(request), texts.line(request.GET.get("q", ""), search_words.LONGEST)
    found = searching.search(text, agent, is_quick=True) if text else None
    only_found = request.GET.get("only") == "found"
    context = {
        "q": text, "found": found,
        "tickets": found.tickets[:OF_A_SORT] if found else [],
        "customers": found.customers if found else [],
        "views": [] if only_found else _views(agent, text),
        "settings": [] if only_found or not text else _settings(agent, text),
    }  # fmt: skip
    return render(request, "tickets/_palette_found.html", context)


def _views(agent: Agent, text: str) -> list[dict[str, str]]:
    shown = [view for view in lists.column(agent) if _fits(str(view.name), text)]
    return [{"name": str(view.name), "url": address_of(view), "key": view.key} for view in shown[:OF_A_SORT]]


def _settings(agent: Agent, text: str) -> list[Any]:
    return [one for one in sections_for(agent) if _fits(f"{one.title} {one.words}", text)][:OF_A_SORT]


def _fits(name: str, text: str) -> bool:
    """Each word of the text begins a word of the name."""
    words = name.lower().split()
    return all(any(word.startswith(part) for word in words) for part in text.lower().split())
