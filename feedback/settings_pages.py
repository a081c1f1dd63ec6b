"""The settings page of surveys."""

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from feedback.forms import SurveyForm
from feedback.models import Survey
from helpdesk.views.resources import Column, Resource, routes

SURVEYS = Resource(
    key="surveys",
    title=_("Surveys"),
    about=_("What customers are asked once their ticket is resolved, when, and how often at most."),
    new=_("Add a survey"),
    things=lambda: Survey.objects.prefetch_related("inboxes"),
    form=SurveyForm,
    columns=[
        Column(_("Name"), lambda survey: survey.name),
        Column(_("Asks"), lambda survey: survey.words),
        Column(pgettext_lazy("a time", "After"), lambda survey: _after(survey)),
        Column(_("Inboxes"), lambda survey: _inboxes(survey)),
        Column(_("Active"), lambda survey: gettext("yes") if survey.is_active else gettext("no")),
    ],
)


def _after(survey: Survey) -> str:
    minutes = int(survey.delay.total_seconds() // 60)
    if not minutes:
        return gettext("at once")
    if minutes % 60:
        return gettext("%(minutes)d min") % {"minutes": minutes}
    return gettext("%(hours)d h") % {"hours": minutes // 60}


def _inboxes(survey: Survey) -> str:
    return ", ".join(inbox.name for inbox in survey.inboxes.all()) or gettext("every inbox without its own")


urlpatterns = routes(SURVEYS)
