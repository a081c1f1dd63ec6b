"""Settings pages of one kind: a list of things, and a form to add or change one.

An app describes a `Resource`; `routes` gives its URLs. Each page explains itself in a sentence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpdesk.models import Role
from helpdesk.operations.keeping import keep
from helpdesk.pages import Section, agent_of, roles, sections_for, settings_section


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list: its title, and what it says of a thing."""

    title: str | Promise
    value: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """Things of one kind that people look after in the settings."""

    key: str
    title: str | Promise
    about: str | Promise
    new: str | Promise
    things: Callable[[], "models.QuerySet[Any]"]
    form: type[ModelForm]
    columns: Sequence[Column]
    allowed: tuple[Role, ...] = (Role.ADMIN,)
    form_template: str = "helpdesk/settings/form.html"
    after: Callable[[HttpRequest, Any], None] | None = None
    #: what the form's own template needs of a thing that is there
    around: Callable[[Any], dict[str, Any]] | None = None
    list_template: str = "helpdesk/settings/list.html"
    #: what the list's own template needs
    around_list: Callable[[HttpRequest], dict[str, Any]] | None = None
    #: makes things to begin with; the empty list offers it
    start: Callable[..., Any] | None = None
    #: where one begins a new thing, by its URL's name; "" is the empty form
    new_url: str = ""

    @property
    def url_name(self) -> str:
        return f"settings_{self.key}"


def routes(resource: Resource, *, has_own_pages: bool = False) -> list[URLPattern]:
    """The list, the empty form and the filled form of a resource, and its place in the settings' side navigation.

    With `has_own_pages` the app brings the pages of one thing itself (the first is named `<url_name>_edit`), and a new
    thing leads there.
    """
    settings_section(Section(resource.key, resource.title, resource.about, resource.url_name, resource.allowed))
    guard = roles(*resource.allowed)

    @require_http_methods(["GET", "HEAD", "POST"] if resource.start else ["GET", "HEAD"])
    def listing(request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and resource.start:
            resource.start(actor=agent_of(request))
            return redirect(resource.url_name)
        rows = [
            {
                "url": reverse(f"{resource.url_name}_edit", args=[thing.pk]),
                "cells": [c.value(thing) for c in resource.columns],
            }
            for thing in resource.things()[:500]
        ]
        return render(
            request, resource.list_template,
            {**_shared(request, resource), "rows": rows, "columns": [c.title for c in resource.columns],
             "new_url": reverse(resource.new_url or f"{resource.url_name}_new"),
             "can_start": resource.start is not None,
             **(resource.around_list(request) if resource.around_list else {})},
        )  # fmt: skip

    @require_http_methods(["GET", "HEAD", "POST"])
    def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
        thing = get_object_or_404(resource.things(), pk=pk) if pk else None
        form = resource.form(request.POST or None, request.FILES or None, instance=thing)
        if request.method == "POST" and form.is_valid():
            kept = keep(form, actor=agent_of(request))
            if resource.after:
                resource.after(request, kept)
            messages.success(request, _("Saved."))
            return redirect(f"{resource.url_name}_edit", pk=kept.pk) if has_own_pages else redirect(resource.url_name)
        context = {**_shared(request, resource), "form": form, "thing": thing, "back_url": reverse(resource.url_name)}
        if resource.around and pk:
            context |= resource.around(get_object_or_404(resource.things(), pk=pk))
        return render(request, resource.form_template, context, status=422 if form.errors else 200)

    pages = [
        path(f"{resource.key}/", guard(listing), name=resource.url_name),
        path(f"{resource.key}/new/", guard(edit), name=f"{resource.url_name}_new"),
    ]
    if not has_own_pages:
        pages.append(path(f"{resource.key}/<int:pk>/", guard(edit), name=f"{resource.url_name}_edit"))
    return pages


def _shared(request: HttpRequest, resource: Resource) -> dict[str, Any]:
    return {
        "sections": sections_for(agent_of(request)),
        "section": resource.key,
        "title": resource.title,
        "about": resource.about,
        "new_label": resource.new,
        "rail_current": "settings",
    }
