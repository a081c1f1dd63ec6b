"""The settings pages of departments and reasons."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from feedback.forms import DepartmentForm, ReasonForm
from feedback.models import Department, ReasonCode
from feedback.operations import departments
from feedback.recovery_story import control_in_words
from helpdesk.views.resources import Column, Resource, routes

DEPARTMENTS = Resource(
    key="departments",
    title=_("Departments"),
    about=_("The parts of the company that own what customers feel. Their members see and work their recoveries."),
    new=_("Add a department"),
    things=lambda: Department.objects.prefetch_related("members"),
    form=DepartmentForm,
    columns=[
        Column(_("Name"), lambda one: one.name),
        Column(_("Members"), lambda one: ", ".join(agent.name for agent in one.members.all())),
        Column(_("Active"), lambda one: gettext("yes") if one.is_active else gettext("no")),
    ],
    start=departments.start,
)

REASONS = Resource(
    key="reasons",
    title=_("Reasons"),
    about=_("Why customers are unhappy, in words that mean the same to everybody, and whose matter each is."),
    new=_("Add a reason"),
    things=lambda: ReasonCode.objects.select_related("department"),
    form=ReasonForm,
    columns=[
        Column(_("Reason"), lambda one: one.name),
        Column(_("Department"), lambda one: one.department),
        Column(_("In the service team's control"), lambda one: control_in_words(one.in_control)),
        Column(_("Offered to customers"), lambda one: gettext("yes") if one.is_offered else gettext("no")),
        Column(_("Active"), lambda one: gettext("yes") if one.is_active else gettext("no")),
    ],
    start=departments.start,
)

urlpatterns = [*routes(DEPARTMENTS), *routes(REASONS)]
