"""The settings' pages of the ground floor."""

from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from helpdesk.forms import CalendarForm, TeamForm
from helpdesk.models import Calendar, Role, Team
from helpdesk.pages import RailEntry, Section, rail_entry, settings_section
from helpdesk.views import audit, holidays, keys, people, security
from helpdesk.views import settings as pages
from helpdesk.views.resources import Column, Resource, routes

EVERYBODY = tuple(Role)

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
    form_template="helpdesk/settings/calendar.html",
    columns=[
        Column(_("Name"), lambda calendar: calendar.name),
        Column(_("Time zone"), lambda calendar: calendar.zone),
    ],
)

for section in (
    Section(
        "profile", _("Your profile"), _("Your name, language, time zone and signature."), "settings_profile", EVERYBODY,
        words=_("name language zone signature"),
    ),
    Section(
        "working", _("How you work"), _("Theme, where you go after an answer, and being away."), "settings_working",
        EVERYBODY, words=_("theme dark light away holiday"),
    ),
    Section(
        "signing_in", _("Signing in"), _("Your password, second factor and open sessions."), "settings_signing_in",
        EVERYBODY, words=_("password passkey authenticator TOTP 2FA sessions devices recovery codes"),
    ),
    Section("keys", _("Keys"), _("Which key does what, for you."), "settings_keys", EVERYBODY),
    Section("tokens", _("API tokens"), _("Keys with which your programs act as you."), "settings_tokens", EVERYBODY),
    Section(
        "agents", _("Agents"),
        _("The people who work here. Their teams decide which inboxes they see, their role what they may do."),
        "settings_agents", words=_("invite colleagues users roles"),
    ),
    Section(
        "security", _("Security"), _("What everybody needs to get in."), "settings_security",
        words=_("second factor two-factor require"),
    ),
    Section(
        "audit", _("Audit log"), _("Who changed what, and who signed in."), "settings_audit",
        words=_("history changes sign-ins export"),
    ),
):  # fmt: skip
    settings_section(section)

urlpatterns = [
    path("", pages.home, name="settings_home"),
    path("you/", pages.profile, name="settings_profile"),
    path("you/keys/", keys.keys, name="settings_keys"),
    path("you/working/", pages.working, name="settings_working"),
    path("you/theme", pages.theme, name="settings_theme"),
    path("you/away", pages.away, name="settings_away"),
    path("you/signing-in/", security.signing_in, name="settings_signing_in"),
    path("you/sessions/<int:pk>/end", security.end_session, name="settings_session_end"),
    path("you/sessions/end-others", security.end_other_sessions, name="settings_sessions_end"),
    path("tokens/", pages.tokens, name="settings_tokens"),
    path("tokens/<int:pk>/revoke", pages.revoke_token, name="settings_token_revoke"),
    path("agents/", people.agents, name="settings_agents"),
    path("agents/new/", people.invite, name="settings_agents_new"),
    path("agents/<int:pk>/", people.agent, name="settings_agents_edit"),
    path("agents/<int:pk>/invitation", people.invitation, name="settings_agents_invitation"),
    path("agents/<int:pk>/presence", people.presence, name="settings_agents_presence"),
    path("agents/<int:pk>/second-factor", people.factor, name="settings_agents_factor"),
    path("security/", security.security, name="settings_security"),
    path("audit/", audit.audit, name="settings_audit"),
    path("audit.csv", audit.export, name="settings_audit_csv"),
    *routes(TEAMS),
    *routes(CALENDARS),
    path("calendars/<int:pk>/holidays/", holidays.holidays, name="settings_calendars_holidays"),
]
rail_entry(
    RailEntry("settings", _("Settings"), "settings", "settings_home", short=pgettext_lazy("below an icon", "Settings"))
)
