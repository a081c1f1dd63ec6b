"""The settings' pages of the ground floor."""

from allauth.account.forms import ResetPasswordForm
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext_lazy as _

from helpdesk.forms import AgentForm, CalendarForm, TeamForm
from helpdesk.models import Agent, Calendar, Role, Team
from helpdesk.pages import RailEntry, Section, rail_entry, settings_section
from helpdesk.views import keys
from helpdesk.views import settings as pages
from helpdesk.views.resources import Column, Resource, routes

EVERYBODY = tuple(Role)


def _invite(request: HttpRequest, agent: Agent) -> None:
    """A new agent chooses their password by the reset mail."""
    if not agent.has_usable_password() and agent.is_active:
        form = ResetPasswordForm({"email": agent.email})
        if form.is_valid():
            form.save(request)


AGENTS = Resource(
    key="agents",
    title=_("Agents"),
    about=_("The people who work here. Their teams decide which inboxes they see, their role what they may do."),
    new=_("Invite an agent"),
    things=lambda: Agent.objects.prefetch_related("teams"),
    form=AgentForm,
    columns=[
        Column(_("Name"), lambda agent: agent.name),
        Column(_("Address"), lambda agent: agent.email),
        Column(_("Role"), lambda agent: agent.get_role_display() if agent.is_active else _("left")),
        Column(_("Teams"), lambda agent: ", ".join(team.name for team in agent.teams.all())),
    ],
    after=_invite,
)
TEAMS = Resource(
    key="teams",
    title=_("Teams"),
    about=_("Groups of agents who share inboxes."),
    new=_("Add a team"),
    things=lambda: Team.objects.prefetch_related("members"),
    form=TeamForm,
    columns=[
        Column(_("Name"), lambda team: team.name),
        Column(_("Members"), lambda team: ", ".join(agent.name for agent in team.members.all())),
    ],
)
CALENDARS = Resource(
    key="calendars",
    title=_("Business hours"),
    about=_("When a team is at work. Response times are counted in these hours beside the calendar's."),
    new=_("Add business hours"),
    things=lambda: Calendar.objects.prefetch_related("versions"),
    form=CalendarForm,
    columns=[
        Column(_("Name"), lambda calendar: calendar.name),
        Column(_("Time zone"), lambda calendar: calendar.zone),
    ],
)

settings_section(Section("profile", _("You"), _("How the helpdesk speaks to you."), "settings_profile", EVERYBODY))
settings_section(Section("keys", _("Keys"), _("Which key does what, for you."), "settings_keys", EVERYBODY))
urlpatterns = [
    path("", pages.home, name="settings_home"),
    path("you/", pages.profile, name="settings_profile"),
    path("you/keys/", keys.keys, name="settings_keys"),
    path("tokens/", pages.tokens, name="settings_tokens"),
    path("tokens/<int:pk>/revoke", pages.revoke_token, name="settings_token_revoke"),
    *routes(AGENTS),
    *routes(TEAMS),
    *routes(CALENDARS),
]
settings_section(
    Section("tokens", _("API tokens"), _("Keys with which your programs act as you."), "settings_tokens", EVERYBODY)
)
rail_entry(RailEntry("settings", _("Settings"), "settings", "settings_home"))
