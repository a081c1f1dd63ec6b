"""The settings pages of surveys: what is asked, of whom and when; how it looks; and one's own copy of the mail."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback import ballots, mail
from feedback.forms import AnswerForm, SurveyForm
from feedback.models import Survey
from feedback.views.survey import page_context
from helpdesk.models import Role
from helpdesk.operations.keeping import keep
from helpdesk.pages import Section, agent_of, roles, sections_for, settings_section
from tickets.conditions.vocabulary import ME, MY_TEAMS
from tickets.models import Inbox, OutgoingMail, Tag
from tickets.operations import sending
from tickets.view_form import ViewForm, cleaned

ABOUT = gettext_lazy("What customers are asked, after which tickets or by the calendar, and how often at most.")
TITLE = gettext_lazy("Surveys")
settings_section(Section("surveys", TITLE, ABOUT, "settings_surveys", (Role.ADMIN,)))
guard = roles(Role.ADMIN)


@guard
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """All surveys."""
    surveys = Survey.objects.prefetch_related("inboxes").select_related("sends_from")[:500]
    rows = [
        {
            "url": reverse("settings_surveys_edit", args=[one.pk]),
            "cells": [
                one.name, one.get_kind_display(), one.words, _when(one), _where(one),
                _("yes") if one.is_active else _("no"),
            ],
        }
        for one in surveys
    ]  # fmt: skip
    columns = [_("Name"), _("Kind"), _("Asks"), _("When"), _("Inboxes"), _("Active")]
    context = {**_shared(request), "rows": rows, "columns": columns, "new_url": reverse("settings_surveys_new")}
    return render(request, "feedback/settings/surveys.html", context)


def _when(survey: Survey) -> str:
    if survey.is_by_schedule:
        return _("every %(days)s days") % {"days": survey.every_days or "–"}
    minutes = int(survey.delay.total_seconds() // 60)
    if not minutes:
        return _("at once")
    return (
        _("after %(minutes)d min") % {"minutes": minutes}
        if minutes % 60
        else _("after %(hours)d h") % {"hours": minutes // 60}
    )


def _where(survey: Survey) -> str:
    if survey.is_by_schedule:
        return str(survey.sends_from or "–")
    return ", ".join(inbox.name for inbox in survey.inboxes.all()) or _("every inbox without its own")


@guard
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A survey, with the conditions of the tickets it asks after."""
    survey = get_object_or_404(Survey, pk=pk) if pk else None
    if request.method != "POST":
        rows = ViewForm.posted(request.GET)
        rows.raw = list(survey.conditions) if survey else []
        return _shown(request, survey, SurveyForm(instance=survey), rows)
    form, rows = SurveyForm(request.POST, instance=survey), ViewForm.posted(request.POST)
    if do := request.POST.get("do", ""):
        number = do.removeprefix("remove-")
        if do == "add":
            rows.add()
        elif do.startswith("remove-") and number.isascii() and number.isdigit() and len(number) < 4:
            rows.remove(int(number))
        return _shown(request, survey, _as_typed(form), rows)
    conditions, problem = cleaned(rows.raw)
    if not problem and any(value in (ME, MY_TEAMS) for one in conditions for value in _values(one.get("value"))):
        problem = _("Nobody looks at a survey, so there is no “me” here: name people and teams.")
    if problem or not form.is_valid():
        return _shown(request, survey, form, rows, problem=problem, status=422)
    has_moved = form.instance.conditions != conditions
    form.instance.conditions = conditions
    if has_moved:
        form.changed_data.append("conditions")
    kept = keep(form, actor=agent_of(request))
    messages.success(request, _("Saved."))
    return redirect("settings_surveys_edit", pk=kept.pk)


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _as_typed(form: SurveyForm) -> SurveyForm:
    """The form as it was typed, without the errors of what is not finished."""
    form._errors = ErrorDict()  # type: ignore[attr-defined]  # what `errors` returns; Django offers no other way
    form.cleaned_data = {}
    return form


def _shown(
    request: HttpRequest, survey: Survey | None, form: SurveyForm, rows: ViewForm, *, problem: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    agent = agent_of(request)
    saved = Survey.objects.select_related("sends_from").get(pk=survey.pk) if survey else None
    context = {
        **_shared(request), "form": form, "thing": saved, "back_url": reverse("settings_surveys"), "problem": problem,
        "rows": rows.context(agent)["rows"], "all_tags": list(Tag.objects.values_list("name", flat=True)[:500]),
        "languages": settings.LANGUAGES,
    }  # fmt: skip
    if saved and (inbox := _sender(saved)):
        context["sample"] = mail.sample(saved, inbox, _page_url(saved), translation.get_language())
        context["me"] = agent.email
    if saved and saved.is_anonymous:
        context["cells"] = ballots.cells(saved)
    return render(request, "feedback/settings/survey_form.html", context, status=status)


def _sender(survey: Survey) -> Inbox | None:
    """An inbox that asks: the one it is sent from, one of its own, or any."""
    return survey.sends_from or survey.inboxes.first() or Inbox.objects.active().of_mail().order_by("pk").first()


def _page_url(survey: Survey) -> str:
    return settings.BASE_URL + reverse("settings_surveys_page", args=[survey.pk])


@guard
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page as customers see it, in the language asked for; its button does nothing."""
    survey = get_object_or_404(Survey, pk=pk)
    wanted = request.GET.get("language", "")
    language = wanted if wanted in dict(settings.LANGUAGES) else translation.get_language()
    with translation.override(language):
        context = page_context(survey, AnswerForm(survey=survey, initial={"score": request.GET.get("score", "")}))
        inbox = _sender(survey)
        context |= {"company": (inbox.sender_name or inbox.name) if inbox else "", "is_preview": True, "action": ""}
        context["is_anonymous"] = survey.is_anonymous
        return render(request, "feedback/survey.html", context)


@guard
@require_POST
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the mail to oneself."""
    survey, agent = get_object_or_404(Survey, pk=pk), agent_of(request)
    inbox = _sender(survey)
    if inbox is None:
        messages.error(request, _("There is no inbox yet that could send it."))
        return redirect("settings_surveys_edit", pk=pk)
    language = agent.language or translation.get_language()
    written = mail.sample(survey, inbox, _page_url(survey), language)
    sending.enqueue(
        inbox=inbox, ticket=None, to=agent.email, subject=written.subject, text=written.text, html=written.html,
        purpose=OutgoingMail.Purpose.NOTICE,
    )  # fmt: skip
    messages.success(request, _("On its way to %(address)s.") % {"address": agent.email})
    return redirect("settings_surveys_edit", pk=pk)


def _shared(request: HttpRequest) -> dict[str, Any]:
    return {
        "sections": sections_for(agent_of(request)), "section": "surveys", "title": TITLE, "about": ABOUT,
        "new_label": _("Add a survey"), "rail_current": "settings",
    }  # fmt: skip
