"""The settings' pages of the ticket floor."""

from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from helpdesk import channel_names
from helpdesk.models import Role
from helpdesk.pages import Section, settings_section
from helpdesk.views.resources import Column, Resource, routes
from tickets import brands
from tickets.brand_form import BrandForm
from tickets.field_form import CustomFieldForm
from tickets.inbox_forms.general import GeneralForm
from tickets.models import Brand, CustomField, Inbox
from tickets.settings_tabs import TABS, tab_routes
from tickets.views import (
    acknowledgement,
    channels,
    choices,
    desk,
    health,
    inbox_people,
    macro_shelves,
    mailboxes,
    outgoing_server,
    reviews,
    tags,
    webhook,
)

INBOXES = Resource(
    key="inboxes",
    title=_("Inboxes"),
    about=_(
        "Where customers reach you: addresses, chats, networks. Each has its teams, its hours and the time within "
        "which to answer."
    ),
    new=_("Add an inbox"),
    new_url="settings_channels",
    things=lambda: Inbox.objects.prefetch_related("teams").select_related("calendar", "mailbox", "account"),
    form=GeneralForm,
    form_template="tickets/settings/new_inbox.html",
    columns=[
        Column(_("Name"), lambda inbox: inbox.name),
        Column(_("Address"), lambda inbox: inbox.address or str(getattr(inbox, "account", ""))),
        Column(_("Teams"), lambda inbox: ", ".join(team.name for team in inbox.teams.all())),
        Column(_("Comes in by"), lambda inbox: _way_in(inbox)),
    ],
)


BRANDS = Resource(
    key="brands",
    title=_("Brands"),
    about=_("How surveys and acknowledgements look: a name, a colour, a logo. Inboxes without one have ours."),
    new=_("Add a brand"),
    things=lambda: Brand.objects.prefetch_related("inboxes"),
    form=BrandForm,
    form_template="tickets/settings/brand.html",
    columns=[
        Column(_("Name"), lambda brand: brand.name),
        Column(_("Colour"), lambda brand: brand.colour),
        Column(_("Inboxes"), lambda brand: ", ".join(inbox.name for inbox in brand.inboxes.all())),
    ],
    around=lambda brand: {"look": brands.look_of(brand), "themes": ("on-light", "on-dark")},
)


def _trouble(inbox: Inbox) -> bool:
    return hasattr(inbox, "mailbox") and bool(inbox.mailbox.error)


def _way_in(inbox: Inbox) -> str:
    if not inbox.is_of_mail:
        name = channel_names.name_of(inbox.channel)
        dead = hasattr(inbox, "account") and inbox.account.dead_since
        return gettext("%(channel)s: disconnected") % {"channel": name} if dead else name
    if _trouble(inbox):
        return gettext("IMAP: trouble")
    return f"IMAP {inbox.mailbox.host}" if hasattr(inbox, "mailbox") else str(_("our mail server"))


FIELDS = Resource(
    key="fields",
    title=_("Custom fields"),
    about=_("What you want to know of tickets, customers and organisations besides what is asked anyway."),
    new=_("Add a field"),
    things=lambda: CustomField.objects.prefetch_related("inboxes"),
    form=CustomFieldForm,
    columns=[
        Column(_("Name"), lambda field: field.name),
        Column(_("About"), lambda field: field.get_about_display()),
        Column(_("Kind"), lambda field: field.get_kind_display()),
        Column(_("Key"), lambda field: field.key),
        Column(_("Inboxes"), lambda field: ", ".join(inbox.name for inbox in field.inboxes.all())),
        Column(_("Asked"), lambda field: _asked(field)),
    ],
)


def _asked(field: CustomField) -> str:
    if not field.is_active:
        return gettext("no longer")
    return gettext("required to resolve") if field.is_required_to_resolve else gettext("yes")


TABS.append(webhook.TAB)
TABS.insert(1, inbox_people.TAB)
TABS.insert(2, channels.TAB)
TABS.append(reviews.TAB)
urlpatterns = [
    *routes(INBOXES, has_own_pages=True),
    *routes(BRANDS),
    *tab_routes(),
    *routes(FIELDS),
    *macro_shelves.urlpatterns,
    path("inboxes/channels/", channels.choose, name="settings_channels"),
    path("inboxes/channels/<slug:kind>/", channels.new, name="settings_channel_new"),
    path("inboxes/<int:pk>/in/try", mailboxes.try_mailbox, name="settings_inboxes_try"),
    path("inboxes/oauth/<slug:provider>/start", mailboxes.oauth_start, name="settings_oauth_start"),
    path("inboxes/oauth/<slug:provider>/callback", mailboxes.oauth_callback, name="settings_oauth_callback"),
    path("inboxes/<int:pk>/out/trial", outgoing_server.trial, name="settings_inboxes_out_trial"),
    path(
        "inboxes/<int:pk>/acknowledgement/preview",
        acknowledgement.preview,
        name="settings_inboxes_acknowledgement_preview",
    ),
    path("you/notifications/", choices.mine, name="settings_notifications"),
    path("you/notifications/inboxes/<int:pk>/", choices.of_inbox, name="settings_notifications_inbox"),
    path("notifications/", choices.defaults, name="settings_notification_defaults"),
    path("inboxes/<int:pk>/people/<int:agent>/forget", inbox_people.forget, name="settings_inboxes_people_forget"),
    path("you/chats/", desk.seat, name="settings_chats"),
    path("tags/", tags.tags, name="settings_tags"),
    path("tags/<int:pk>/", tags.tag, name="settings_tag"),
    path("health/", health.inbox_health, name="inbox_health"),
    path("health/<int:pk>/probe", health.probe, name="inbox_probe"),
]
settings_section(
    Section(
        "notifications", _("Your notifications"), _("What you hear of, by which way, and when not."),
        "settings_notifications", tuple(Role),
    )
)  # fmt: skip
settings_section(
    Section(
        "chats", _("Your chats"), _("How many chats come to you at once, and how you hear of them."),
        "settings_chats", (Role.LEAD, Role.AGENT), group="you",
    )
)  # fmt: skip
settings_section(
    Section(
        "notification_defaults", _("Notification defaults"), _("What agents hear of while they chose nothing else."),
        "settings_notification_defaults", group="team",
    )
)  # fmt: skip
