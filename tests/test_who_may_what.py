"""Every address × everybody × every method: what is answered is what is declared here, and nothing is undeclared."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.template.backends.django import Template
from django.test import Client
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localdate
from drf_spectacular.generators import SchemaGenerator

from feedback.models import (
    AccountImport,
    Ballot,
    Complaint,
    Department,
    Invitation,
    QualityPlan,
    QualityReview,
    ReasonCode,
    Remark,
    Response,
    Survey,
    Topic,
    digest_of,
    week_of,
)
from feedback.operations import opening_recoveries
from helpdesk import content, measures
from helpdesk.models import Agent, ApiToken, Calendar, Event, File, Team
from reports.operations import annotating, saving
from tests.conftest import mail, make_agent
from tests.pictures import png
from tickets import letter_page
from tickets.models import (
    Attachment,
    Brand,
    CaughtMail,
    Customer,
    CustomerMerge,
    CustomField,
    Inbox,
    Notification,
    Organisation,
    OutgoingMail,
    OutgoingServer,
    RawMessage,
    Ticket,
)
from tickets.operations import bulk, drafting, enclosing, macros, replying, sorting, status, viewing

PEOPLE = ("stranger", "left", "ben", "light", "ana", "lead", "admin")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
LOGIN = LOGIN_NEXT = "login"  # a redirect to the sign-in page

Cell = int | str


@dataclass(frozen=True)
class Policy:
    """What each method answers to each of PEOPLE. HEAD is as GET; a method not named is `otherwise`, for everybody.

    Where somebody is turned away before the method is looked at, `turned_away` says so.
    """

    methods: dict[str, tuple[Cell, ...]]
    otherwise: Cell = 405
    turned_away: dict[str, Cell] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    #: whether looking is allowed to everybody who may come in, and only then refused as a method
    reads_first: bool = False
    #: allauth's pages take other methods for GET or POST, as it likes; we look at these
    looked_at: tuple[str, ...] = METHODS

    def expected(self, method: str, who: str) -> Cell:
        """The one answer that is right."""
        rows = {**self.methods, **({"HEAD": self.methods["GET"]} if "GET" in self.methods else {})}
        if method in rows:
            return rows[method][PEOPLE.index(who)]
        if method in ("GET", "HEAD") and self.reads_first:
            return self.turned_away.get(who, 405) if who != "light" else 405
        return self.turned_away.get(who, self.otherwise)


SIGN_IN: dict[str, Cell] = {"stranger": LOGIN, "left": LOGIN}


def everybody(cell: Cell, *methods: str, **more: Any) -> Policy:
    return Policy(dict.fromkeys(methods, (cell,) * 7), **more)


def agents(cell: Cell, *methods: str, **more: Any) -> Policy:
    """Pages for whoever is signed in."""
    return Policy(dict.fromkeys(methods, (LOGIN, LOGIN, *((cell,) * 5))), turned_away=SIGN_IN, **more)


def theirs(cell: Cell, *methods: str, light: Cell | None = None, **more: Any) -> Policy:
    """Pages of a thing of the Support team: a 404 for Ben, whatever he does."""
    row = (LOGIN, LOGIN, 404, cell if light is None else light, cell, cell, cell)
    return Policy(dict.fromkeys(methods, row), turned_away=SIGN_IN, **more)


def admins(**rows: Cell) -> Policy:
    """Settings: admins only, whatever the method."""
    turned: dict[str, Cell] = {**SIGN_IN, "ben": 403, "light": 403, "ana": 403, "lead": 403}
    found = {m: (LOGIN, LOGIN, 403, 403, 403, 403, cell) for m, cell in rows.items()}
    return Policy(found, turned_away=turned)


def leads(**rows: Cell) -> Policy:
    """Settings of leads and admins."""
    turned: dict[str, Cell] = {**SIGN_IN, "ben": 403, "light": 403, "ana": 403}
    found = {m: (LOGIN, LOGIN, 403, 403, 403, cell, cell) for m, cell in rows.items()}
    return Policy(found, turned_away=turned)


def workers(body: Any = None, **rows: Cell) -> Policy:
    """Settings of whoever answers customers."""
    found = {m: (LOGIN, LOGIN, cell, 403, cell, cell, cell) for m, cell in rows.items()}
    return Policy(found, turned_away={**SIGN_IN, "light": 403}, body=body or {})


NO_TOKEN: dict[str, Cell] = {"stranger": 401, "left": 401}


def api(light: Cell | None = None, ben: Cell = 404, body: Any = None, **rows: Cell) -> Policy:
    """Endpoints: 401 without a good token, 404 for what is foreign, 403 for light collaborators who would change."""
    found = {}
    for method, cell in rows.items():
        mine = cell if method == "GET" else 403 if light is None else light
        # that a light collaborator may not change is said before anything is looked up
        found[method] = (401, 401, cell if ben == 200 else 404, mine, cell, cell, cell)
    return Policy(found, turned_away={**NO_TOKEN, "light": 403}, body=body or {}, reads_first=True)


#: the number of nothing, however often the database has counted
NO_SUCH = 2**31 - 7

OF_CHLOE = Policy(
    {"GET": (401, 401, 404, 404, 404, 200, 404)}, turned_away={**NO_TOKEN, "light": 403}, reads_first=True
)


def allauth(**rows: tuple[Cell, Cell]) -> Policy:
    """Pages about one's account: one answer for strangers, one for whoever is signed in."""
    found = {m: (stranger, stranger, *(agent,) * 5) for m, (stranger, agent) in rows.items()}
    return Policy(found, looked_at=("GET", "HEAD", "POST") if "POST" in rows else ("GET", "HEAD"))


def own_report(**rows: Cell) -> Policy:
    """Ana's saved report: nobody else's."""
    found = {m: (LOGIN, LOGIN, 404, 403, cell, 404, 404) for m, cell in rows.items()}
    return Policy(found, turned_away={**SIGN_IN, "light": 403})


def noted(**rows: Cell) -> Policy:
    """Ana's annotation of Support's figures: hers and the leads' to change."""
    found = {m: (LOGIN, LOGIN, 404, 403, cell, cell, cell) for m, cell in rows.items()}
    return Policy(found, turned_away={**SIGN_IN, "light": 403})


def of_departments(body: Any = None, **rows: Cell) -> Policy:
    """Endpoints of a recovery: light collaborators work those of their departments, and this one is of none."""
    found = {method: (401, 401, 404, 404, cell, cell, cell) for method, cell in rows.items()}
    return Policy(found, turned_away={**NO_TOKEN, "light": 403}, body=body or {}, reads_first=True)


REPORT = Policy({"GET": (LOGIN, LOGIN, 200, 403, 200, 200, 200)}, turned_away={**SIGN_IN, "light": 403})

POLICIES: dict[str, Policy] = {
    # --- open to everybody
    "healthz": everybody(200, "GET"),
    "readyz": everybody(200, "GET"),
    "metrics": everybody(200, "GET"),
    "api_schema": everybody(200, "GET"),
    "api_docs": everybody(200, "GET"),
    "survey": Policy(
        {"GET": (200, 200, 403, 403, 403, 403, 403), "POST": (422, 422, 403, 403, 403, 403, 403)},
    ),
    "ballot": Policy(
        {"GET": (200, 200, 403, 403, 403, 403, 403), "POST": (422, 422, 403, 403, 403, 403, 403)},
    ),
    "survey_thanks": everybody(302, "GET"),
    "survey_unsubscribe": everybody(200, "GET", "POST"),
    # --- signing in and out
    "account_login": allauth(GET=(200, 302), POST=(200, 302)),
    "account_logout": allauth(GET=(302, 200), POST=(302, 302)),
    "account_inactive": allauth(GET=(200, 200)),
    "account_signup": allauth(GET=(200, 302), POST=(200, 302)),
    # nobody here has a password to be asked for again
    "account_reauthenticate": allauth(GET=(LOGIN, 403), POST=(LOGIN, 403)),
    "account_email": everybody(404, *METHODS),
    "account_email_verification_sent": everybody(404, *METHODS),
    "account_confirm_email": everybody(404, *METHODS),
    "account_change_password": allauth(GET=(LOGIN, 302), POST=(LOGIN, 302)),
    "account_set_password": allauth(GET=(LOGIN, 200), POST=(LOGIN, 200)),
    "account_reset_password": allauth(GET=(200, 200), POST=(200, 200)),
    "account_reset_password_done": allauth(GET=(200, 200)),
    "account_reset_password_from_key": allauth(GET=(200, 200), POST=(200, 200)),
    "account_reset_password_from_key_done": allauth(GET=(200, 200)),
    "account_confirm_login_code": allauth(GET=(302, 302), POST=(302, 302)),
    "invitation": allauth(GET=(302, 302)),
    "invitation_accept": allauth(GET=(404, 404), POST=(404, 404)),
    # nobody here has a password to be asked for again, so none is asked
    **dict.fromkeys(["mfa_index", "mfa_list_webauthn"], allauth(GET=(LOGIN, 200))),
    "mfa_activate_totp": allauth(GET=(LOGIN_NEXT, 200), POST=(LOGIN_NEXT, 200)),
    "mfa_add_webauthn": allauth(GET=(LOGIN_NEXT, 200), POST=(LOGIN_NEXT, 200)),
    "mfa_deactivate_totp": allauth(GET=(LOGIN, 404), POST=(LOGIN, 404)),
    "mfa_authenticate": allauth(GET=(302, 302), POST=(302, 302)),
    "mfa_reauthenticate": allauth(GET=(LOGIN, 403), POST=(LOGIN, 403)),
    "mfa_reauthenticate_webauthn": allauth(GET=(LOGIN, 403), POST=(LOGIN, 403)),
    "mfa_login_webauthn": allauth(GET=(302, 302), POST=(302, 302)),
    "mfa_view_recovery_codes": allauth(GET=(LOGIN, 404)),
    "mfa_download_recovery_codes": allauth(GET=(LOGIN, 404)),
    "mfa_generate_recovery_codes": allauth(GET=(LOGIN, 200), POST=(LOGIN, 200)),
    "mfa_edit_webauthn": allauth(GET=(LOGIN_NEXT, 404), POST=(LOGIN_NEXT, 404)),
    "mfa_remove_webauthn": allauth(GET=(LOGIN_NEXT, 404), POST=(LOGIN_NEXT, 404)),
    # --- the workspace
    "queue": agents(200, "GET"),
    # the posted body names the ticket, and here it names none; see tests/tickets/test_presence.py
    "notifications": agents(200, "GET"),
    # whoever has the link from their mail; nobody signed this one
    "notifications_off": everybody(404, "GET", "POST"),
    "push_worker": everybody(200, "GET"),
    # the keys it posts are no browser's
    "notification_devices": agents(400, "POST"),
    "notification_device": Policy({"POST": (LOGIN, LOGIN, 404, 404, 302, 404, 404)}, turned_away=SIGN_IN),
    "notifications_read": agents(302, "POST"),
    # Ana's own
    "notification_read": Policy(
        dict.fromkeys(("POST", "DELETE"), (LOGIN, LOGIN, 404, 404, 302, 404, 404)), turned_away=SIGN_IN
    ),
    "settings_notifications": Policy(
        {"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(302,) * 5)}, turned_away=SIGN_IN,
        body={"digest": "never"},
    ),
    "settings_notifications_inbox": Policy(
        {"GET": (LOGIN, LOGIN, 404, *(200,) * 4), "POST": (LOGIN, LOGIN, 404, *(302,) * 4)}, turned_away=SIGN_IN
    ),
    "settings_notification_defaults": admins(GET=200, POST=302),
    "chats": workers(GET=200),
    "chats_news": workers(GET=200),
    "chats_switch": workers(POST=302),
    "chats_open": workers(POST=204),
    "settings_chats": workers(GET=200, POST=302, body={"capacity": "4"}),
    "presence": Policy({"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(404,) * 5)}, turned_away=SIGN_IN),
    "list_settings": Policy({"POST": (LOGIN, LOGIN, *(302,) * 5)}, turned_away=SIGN_IN),
    # what is not theirs to see or to change is named in the answer; see tests/tickets/test_bulk.py
    "bulk": Policy({"POST": (LOGIN, LOGIN, *(302,) * 5)}, turned_away=SIGN_IN),
    # each sees and takes back their own: this one is the lead's
    "bulk_progress": Policy({"GET": (LOGIN, LOGIN, 404, 404, 404, 200, 404)}, turned_away=SIGN_IN),
    "bulk_undo": Policy({"POST": (LOGIN, LOGIN, 404, 404, 404, 302, 404)}, turned_away=SIGN_IN),
    "views": Policy(
        {"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(302,) * 5)}, turned_away=SIGN_IN
    ),
    "view_new": agents(200, "GET", "POST", body={"do": "redraw"}),
    # one for everyone: all see it, leads and admins change it
    "view": agents(200, "GET", "POST", body={"do": "redraw"}),
    "view_deletion": Policy({"POST": (LOGIN, LOGIN, 409, 409, 409, 302, 302)}, turned_away=SIGN_IN),
    # only who deleted it takes it back
    "view_undeletion": Policy({"POST": (LOGIN, LOGIN, 404, 404, 404, 302, 404)}, turned_away=SIGN_IN),
    "search": agents(200, "GET"),
    "palette": agents(200, "GET"),
    "ticket": theirs(200, "GET"),
    "ticket_reply": theirs(200, "POST", light=409, body={"text": "It ships today."}),
    "ticket_parts": theirs(200, "POST", body={"text": "It ships today."}),
    "ticket_note": theirs(200, "POST", body={"text": "Seen"}),
    "ticket_resolution": theirs(200, "POST", "DELETE", light=409),
    "ticket_status": theirs(200, "POST", light=409, body={"to": "pending"}),
    "ticket_assignment": Policy(
        {"POST": (LOGIN, LOGIN, 404, 409, 200, 200, 200), "DELETE": (LOGIN, LOGIN, 404, 409, 200, 200, 200)},
        turned_away=SIGN_IN, body={"agent": "me"},
    ),
    "ticket_next": theirs(302, "GET"),
    "ticket_visitor": theirs(200, "GET"),
    "ticket_previous": theirs(302, "GET"),
    "ticket_subject": theirs(200, "POST", light=409, body={"subject": "My lamp"}),
    "ticket_tags": theirs(200, "POST", "DELETE", light=409, body={"tag": "vip"}),
    "ticket_act": theirs(200, "POST", light=409, body={"do": "priority", "to": "high"}),
    "ticket_moment": theirs(200, "GET"),
    "ticket_fields": Policy(
        {"GET": (LOGIN, LOGIN, 404, 200, 200, 200, 200), "POST": (LOGIN, LOGIN, 404, 409, 200, 200, 200)},
        turned_away=SIGN_IN,
    ),
    "ticket_merge": Policy(
        {"GET": (LOGIN, LOGIN, 404, 200, 200, 200, 200), "POST": (LOGIN, LOGIN, 404, 409, 409, 409, 409)},
        turned_away=SIGN_IN,
    ),
    "ticket_unmerge": theirs(404, "POST"),
    "ticket_links": Policy(
        {
            "GET": (LOGIN, LOGIN, 404, 200, 200, 200, 200),
            **dict.fromkeys(("POST", "DELETE"), (LOGIN, LOGIN, 404, 409, 409, 409, 409)),
        },
        turned_away=SIGN_IN,
    ),
    # no message was chosen
    "ticket_split": Policy(
        {"GET": (LOGIN, LOGIN, 404, 200, 200, 200, 200), "POST": (LOGIN, LOGIN, 404, 422, 422, 422, 422)},
        turned_away=SIGN_IN,
    ),
    # there is nothing to undo; HTMX is told so, others are led to the queue
    "undo_last": agents(302, "POST"),
    # only who did it takes it back
    "ticket_undo": Policy({"POST": (LOGIN, LOGIN, 404, 409, 200, 409, 409)}, turned_away=SIGN_IN),
    "message_original": theirs(302, "GET"),
    "message_pictures": theirs(302, "POST"),
    "message_raw": theirs(200, "GET"),
    "ticket_forward": theirs(200, "POST", light=409, body={"text": "Do you know?", "to": "frida@maker.example"}),
    "ticket_recipients": theirs(200, "POST"),
    "ticket_participants": theirs(200, "POST", "DELETE", light=409, body={"address": "emil@other.example"}),
    # only who sent it takes it back
    "ticket_withdrawal": Policy({"POST": (LOGIN, LOGIN, 404, 409, 200, 409, 409)}, turned_away=SIGN_IN),
    "ticket_macros": theirs(200, "GET"),
    # it has no actions to do at once
    "ticket_macro": theirs(409, "POST"),
    "ticket_colleagues": theirs(200, "GET"),
    "emoji": agents(200, "GET"),
    **dict.fromkeys(["settings_saved_replies", "settings_macros"], leads(GET=200)),
    **dict.fromkeys(["settings_saved_replies_new", "settings_macros_new"], leads(GET=200, POST=422)),
    **dict.fromkeys(["settings_saved_replies_edit", "settings_macros_edit"], leads(GET=200, POST=422)),
    "settings_own_replies": workers(GET=200),
    "settings_own_replies_new": workers(GET=200, POST=422),
    "settings_own_replies_edit": Policy(
        {"GET": (LOGIN, LOGIN, 404, 403, 200, 404, 404), "POST": (LOGIN, LOGIN, 404, 403, 422, 404, 404)},
        turned_away={**SIGN_IN, "light": 403},
    ),
    "settings_macro_preview": agents(200, "POST"),
    "ticket_draft": theirs(200, "POST", "DELETE", body={"text": "Half a note"}),
    "ticket_draft_files": theirs(200, "POST"),
    # of a private draft
    "ticket_draft_file": Policy(
        dict.fromkeys(("GET", "POST", "DELETE"), (LOGIN, LOGIN, 404, 404, 200, 404, 404)), turned_away=SIGN_IN
    ),
    # of a shared one
    "ticket_draft_act": theirs(200, "POST", light=409, body={"act": "take"}),
    "message_ticket": Policy(
        {"GET": (LOGIN, LOGIN, 404, 200, 200, 200, 200), "POST": (LOGIN, LOGIN, 404, 409, 409, 409, 409)},
        turned_away=SIGN_IN,
    ),
    "attachment": theirs(302, "GET"),
    # whoever has the address has it signed; what nobody signed is nothing
    "content_letter": everybody(200, "GET"),
    "content_file": everybody(200, "GET"),
    "content_picture": everybody(404, "GET"),
    "delivery_again": theirs(302, "POST"),
    "delivery_address": theirs(302, "POST", body={"address": "dora@new.example"}),
    "mail_reports": everybody(401, "POST"),
    "intake_log": agents(200, "GET"),
    "intake_raw": theirs(200, "GET"),
    "intake_replay": theirs(302, "POST", light=403),
    "intake_mail": theirs(200, "GET"),
    "intake_source": theirs(200, "GET"),
    "intake_dismissal": theirs(302, "POST", light=403),
    "intake_ticket": theirs(302, "POST", light=403),
    "banners": agents(200, "GET"),
    "inbox_health": agents(200, "GET"),
    "inbox_probe": theirs(302, "POST", light=403),
    # programs sign what they post; nobody's session opens it
    "mail_in": everybody(401, "POST"),
    "channel_hook": everybody(404, "GET", "POST"),
    # no such widget; what a page may ask of one is in tests/tickets/channels/chat/
    **dict.fromkeys(
        ["chat_boot", "chat_send", "chat_messages", "chat_picture", "chat_seen", "chat_typing", "chat_page",
         "chat_email", "chat_answer", "chat_transcript", "chat_goodbye"],
        everybody(404, *METHODS),
    ),
    "chat_widget": everybody(404, "GET"),
    # no such form; what one takes is in tests/tickets/channels/form/
    "form_page": everybody(404, "GET", "POST"),
    "form_thanks": everybody(404, "GET"),
    "form_frame_script": everybody(404, "GET"),
    # development only
    "chat_demo": everybody(404, "GET"),
    "content_chat_file": everybody(404, "GET"),
    "content_sent_file": everybody(404, "GET"),
    "settings_channels": admins(GET=200),
    "settings_channel_new": admins(GET=200, POST=422),
    "settings_inboxes_connection": admins(GET=404, POST=404),
    "settings_inboxes_recovery": admins(GET=404, POST=404),
    "mail_catcher": admins(GET=404, POST=404),
    "mail_catcher_mail": admins(GET=404, POST=404),
    "mail_catcher_html": admins(GET=404),
    # --- feedback: recoveries of one's inboxes, and for light collaborators of their departments
    "feedback": agents(302, "GET"),
    "recoveries": agents(200, "GET"),
    "recovery": theirs(200, "GET", light=404),
    "recovery_act": theirs(302, "POST", light=404, body={"do": "note", "text": "Seen"}),
    # nobody did what it names
    "recovery_undo": theirs(404, "POST"),
    "recovery_new": Policy(
        {"GET": (LOGIN, LOGIN, 404, 200, 302, 302, 302), "POST": (LOGIN, LOGIN, 404, 302, 302, 302, 302)},
        turned_away=SIGN_IN,
    ),
    "answer_reason": theirs(302, "POST"),
    # --- customers: whose tickets are all foreign is a 404; organisations are everybody's
    "customers": agents(200, "GET"),
    "customer_new": Policy(
        {"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(422,) * 5)}, turned_away=SIGN_IN
    ),
    "customer": theirs(200, "GET"),
    "customer_call": Policy(
        {"GET": (LOGIN, LOGIN, 404, *(200,) * 4), "POST": (LOGIN, LOGIN, 404, *(422,) * 4)}, turned_away=SIGN_IN
    ),
    "ticket_call": Policy(
        {"GET": (LOGIN, LOGIN, 404, *(200,) * 4), "POST": (LOGIN, LOGIN, 404, *(422,) * 4)}, turned_away=SIGN_IN
    ),
    # nothing was said there on any network
    "ticket_answered_there": agents(404, "GET", "POST"),
    "customer_edit": Policy(
        {"GET": (LOGIN, LOGIN, 404, *(200,) * 4), "POST": (LOGIN, LOGIN, 404, 422, 302, 302, 302)}, turned_away=SIGN_IN
    ),
    "customer_answer": theirs(302, "POST", body={"key": "tier"}),
    "customer_addresses": theirs(302, "POST", body={"address": "dora@second.example"}),
    "customer_address": theirs(302, "POST", body={"act": "verify"}),
    "customer_block": theirs(302, "POST", "DELETE"),
    "customer_notes": theirs(302, "POST", body={"text": "Likes tea"}),
    "customer_note": theirs(302, "POST", body={"act": "pin"}),
    "customer_merge": Policy(
        {"GET": (LOGIN, LOGIN, 404, *(200,) * 4), "POST": (LOGIN, LOGIN, 404, *(302,) * 4)}, turned_away=SIGN_IN
    ),
    "customer_unmerge": theirs(302, "POST"),
    "customer_export": admins(POST=200),
    "customer_erase": admins(GET=200, POST=422),
    "organisations": agents(200, "GET"),
    "organisation": agents(200, "GET"),
    **{
        name: Policy({"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(422,) * 5)}, turned_away=SIGN_IN)
        for name in ("organisation_new", "organisation_edit")
    },
    "organisation_notes": agents(302, "POST", body={"text": "Likes tea"}),
    "organisation_join": agents(302, "POST"),
    "organisation_removal": agents(302, "POST"),
    # --- settings
    "settings_home": agents(200, "GET"),
    "settings_profile": Policy(
        {"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(422,) * 5)}, turned_away=SIGN_IN
    ),
    "settings_keys": Policy(
        {"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(302,) * 5)}, turned_away=SIGN_IN
    ),
    "settings_working": Policy(
        {"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(422,) * 5)}, turned_away=SIGN_IN
    ),
    "settings_theme": agents(302, "POST"),
    "settings_away": agents(302, "POST"),
    "settings_signing_in": agents(200, "GET"),
    "settings_session_end": agents(404, "POST"),
    "settings_sessions_end": agents(302, "POST"),
    "settings_agents_invitation": admins(POST=302),
    "settings_agents_presence": admins(POST=302),
    "settings_agents_factor": admins(POST=302),
    "settings_security": admins(GET=200, POST=302),
    "settings_audit": admins(GET=200),
    "settings_audit_csv": admins(GET=200),
    "settings_tokens": agents(200, "GET", "POST"),
    "settings_token_revoke": Policy({"POST": (LOGIN, LOGIN, 404, 404, 302, 404, 404)}, turned_away=SIGN_IN),
    **{
        f"settings_{key}{kind}": admins(**({"GET": 200, "POST": 422} if kind else {"GET": 200}))
        for key in ("agents", "teams", "calendars", "inboxes", "surveys", "brands", "fields")
        for kind in ("", "_new", "_edit")
    },
    "settings_calendars_holidays": admins(GET=200, POST=422),
    "settings_surveys_page": admins(GET=200),
    "settings_surveys_trial": admins(POST=302),
    "askings": agents(200, "GET"),
    **{
        f"settings_{key}{kind}": admins(GET=200, POST=422 if kind else 302)
        for key in ("departments", "reasons")
        for kind in ("", "_new", "_edit")
    },
    "settings_inboxes_out": admins(GET=200, POST=302),
    "settings_inboxes_out_trial": admins(POST=200),
    "settings_inboxes_acknowledgement": admins(GET=200, POST=302),
    "settings_inboxes_reviews": admins(GET=404, POST=404),
    "settings_inboxes_acknowledgement_preview": admins(POST=200),
    "settings_inboxes_in": admins(GET=200, POST=422),
    "settings_inboxes_try": admins(POST=200),
    "settings_oauth_start": admins(GET=302),
    "settings_oauth_callback": admins(GET=302),
    "settings_inboxes_webhook": admins(GET=200, POST=200),
    "settings_inboxes_people": admins(GET=200, POST=422),
    "settings_inboxes_people_forget": admins(POST=302),
    "settings_tags": admins(GET=200),
    "settings_topics": leads(GET=200),
    "settings_topics_new": leads(GET=200, POST=422),
    "settings_topics_edit": leads(GET=200, POST=422),
    "settings_topics_try": leads(GET=200, POST=200),
    "settings_topics_rising": leads(GET=200),
    "settings_topics_phrase": leads(POST=404),
    "ticket_topic": theirs(200, "POST", light=409, body={"topic": "none"}),
    "settings_quality": leads(GET=200),
    "settings_quality_new": leads(GET=200, POST=422),
    "settings_quality_edit": leads(GET=200, POST=422),
    "voice": agents(200, "GET"),
    "remark_new": Policy(
        {"GET": (LOGIN, LOGIN, *(200,) * 5), "POST": (LOGIN, LOGIN, *(422,) * 5)}, turned_away=SIGN_IN
    ),
    "remark_new_on": Policy(
        {"GET": (LOGIN, LOGIN, 404, *(200,) * 4), "POST": (LOGIN, LOGIN, 404, *(422,) * 4)}, turned_away=SIGN_IN
    ),
    "remark": theirs(200, "GET", light=404),
    "remark_act": theirs(400, "POST", light=404),
    "complaints": agents(200, "GET"),
    "complaint_act": theirs(400, "POST"),
    "quality": Policy({"GET": (LOGIN, LOGIN, 200, 404, 200, 200, 200)}, turned_away=SIGN_IN),
    "quality_review": Policy({"GET": (LOGIN, LOGIN, 404, 404, 404, 200, 200)}, turned_away=SIGN_IN),
    "quality_act": Policy({"POST": (LOGIN, LOGIN, 404, 404, 404, 400, 400)}, turned_away=SIGN_IN),
    "settings_tag": admins(GET=200, POST=422),
    "brand_logo": everybody(200, "GET"),
    "guide_trial": admins(POST=302),
    "guide_shown": admins(POST=302),
    "brand_css": everybody(200, "GET"),
    # --- reports
    "reports": REPORT,
    "report": REPORT,
    "report_csv": REPORT,
    "report_xlsx": REPORT,
    "saved_reports": REPORT,
    "saved_report_new": workers(GET=200, POST=422),
    "report_mail_off": everybody(404, "GET", "POST"),
    "saved_report": own_report(GET=302),
    "saved_report_edit": own_report(GET=200, POST=422),
    "saved_report_deletion": own_report(POST=302),
    "report_annotations": workers(GET=200, POST=422),
    "report_annotation": noted(GET=200, POST=422),
    "report_annotation_deletion": noted(POST=302),
    "report_alarms": REPORT,
    "report_alarm_mails": Policy({"POST": (LOGIN, LOGIN, 403, 403, 403, 302, 302)},
                                 turned_away={**SIGN_IN, "light": 403}),
    "report_definitions": REPORT,
    "report_tickets": REPORT,
    "settings_retention": admins(GET=200, POST=422),
    "settings_account_events": admins(GET=200, POST=422),
    # nothing waits there: back to the list
    "settings_account_file": admins(GET=302, POST=302),
    "settings_account_import_undo": admins(POST=302),
    "report_customers": REPORT,
    "report_customer": Policy({"GET": (LOGIN, LOGIN, 404, 403, 200, 200, 200)}, turned_away={**SIGN_IN, "light": 403}),
    "report_organisation": REPORT,
    # --- programs
    "api_tickets": api(GET=200, POST=400, ben=200),
    "api_ticket": api(GET=200),
    "api_messages": api(GET=200, POST=201, light=201, body={"kind": "note", "text": "Seen"}),
    "api_attachment": api(GET=200),
    "api_resolution": api(POST=200, DELETE=200),
    "api_assignment": api(PUT=200, DELETE=200, body={"agent": None}),
    "api_tags": api(POST=200, body={"name": "refund"}),
    "api_tag": api(DELETE=200),
    "api_status": api(PUT=200, body={"status": "pending"}),
    "api_events": api(GET=200),
    "api_acts": api(POST=200, light=200, body={"do": "follow"}),
    "api_undo": Policy({"POST": (401, 401, 404, 409, 200, 409, 409)}, turned_away={**NO_TOKEN, "light": 403},
                       reads_first=True),
    "api_merges": api(GET=200, POST=400),
    "api_merge": api(DELETE=404),
    "api_split": api(POST=400),
    "api_links": api(GET=200, POST=400),
    "api_link": api(DELETE=404),
    "api_drafts": api(GET=200),
    "api_colleague_schedule": api(DELETE=200),
    "api_draft_takeover": api(POST=200, light=409),
    "api_ways": api(GET=200),
    "api_draft": Policy(
        {"GET": (401, 401, 404, 404, 404, 404, 404), "PUT": (401, 401, 404, 200, 200, 200, 200),
         "DELETE": (401, 401, 404, 204, 204, 204, 204)},
        turned_away={**NO_TOKEN, "light": 403}, body={"text": "Hm"}, reads_first=True,
    ),
    "api_draft_schedule": Policy(
        {"PUT": (401, 401, 404, 403, 200, 404, 404), "DELETE": (401, 401, 404, 403, 200, 404, 404)},
        turned_away={**NO_TOKEN, "light": 403}, body={"at": f"{date.today() + timedelta(days=9)}T09:00:00Z"},
        reads_first=True,
    ),
    "api_draft_sending": Policy(
        {"POST": (401, 401, 404, 403, 201, 404, 404)}, turned_away={**NO_TOKEN, "light": 403}, reads_first=True
    ),
    "api_ticket_macros": api(GET=200),
    "api_ticket_macro": api(POST=200),
    "api_macros": api(GET=200, POST=201, ben=200, body={"name": "Hi", "text": "Hello"}),
    "api_macro": Policy(
        {"GET": (401, 401, 200, 200, 200, 200, 200), "PATCH": (401, 401, 409, 403, 409, 200, 200),
         "DELETE": (401, 401, 409, 403, 409, 204, 204)}, turned_away={**NO_TOKEN, "light": 403}, reads_first=True,
    ),
    "api_inboxes": api(GET=200, ben=200),
    "api_agents": api(GET=200, ben=200),
    "api_teams": api(GET=200, ben=200),
    "api_views": api(GET=200, POST=201, ben=200, light=201, body={"name": "V"}),
    "api_view_counts": api(GET=200, ben=200),
    "api_view": Policy(
        {"GET": (401, 401, 200, 200, 200, 200, 200), "PATCH": (401, 401, 409, 409, 409, 200, 200),
         "DELETE": (401, 401, 409, 409, 409, 204, 204)}, turned_away={**NO_TOKEN, "light": 403}, reads_first=True,
    ),
    "api_view_tickets": api(GET=200, ben=200),
    "api_search": api(GET=200, ben=200),
    "api_bulk": api(POST=409, body={"act": {"do": "tag", "tag": "x"}, "where": "status is open"}, ben=200),
    "api_bulk_act": OF_CHLOE,
    "api_bulk_undo": Policy(
        {"POST": (401, 401, 404, 403, 404, 201, 404)}, turned_away={**NO_TOKEN, "light": 403}, reads_first=True
    ),
    "api_customers": api(GET=200, POST=201, ben=200, body={"address": "new@customer.example"}),
    "api_customer": api(GET=200, PATCH=200),
    "api_customer_addresses": api(POST=200, body={"address": "dora@home.example"}),
    "api_customer_address": api(PATCH=400, DELETE=409),
    "api_customer_merges": api(GET=200, POST=400),
    "api_customer_merge": api(DELETE=200),
    "api_customer_notes": api(GET=200, POST=201, light=201, body={"text": "Likes tea"}),
    # an inbox of mail has no reviews
    "api_inbox_reviews": api(POST=404),
    "api_customer_block": api(POST=200, DELETE=200),
    "api_customer_export": Policy(
        {"GET": (401, 401, 404, 403, 403, 403, 200)}, turned_away={**NO_TOKEN, "light": 403}, reads_first=True
    ),
    "api_customer_erasure": Policy(
        {"POST": (401, 401, 404, 403, 403, 403, 400)}, turned_away={**NO_TOKEN, "light": 403}, reads_first=True
    ),
    "api_organisations": api(GET=200, POST=201, ben=200, body={"name": "Shop"}),
    "api_organisation": api(GET=200, PATCH=200, DELETE=204, ben=200),
    "api_organisation_notes": api(GET=200, POST=201, light=201, ben=200, body={"text": "Pay late"}),
    "api_note": Policy(
        {"PATCH": (401, 401, 404, 200, 200, 200, 200), "DELETE": (401, 401, 404, 409, 204, 204, 204)},
        turned_away={**NO_TOKEN, "light": 403}, reads_first=True,
    ),
    "api_account_events": api(GET=200, POST=400, ben=200),
    # of Dora, whom Ben does not see
    "api_account_event": Policy(
        {"GET": (401, 401, 404, 200, 200, 200, 200), "DELETE": (401, 401, 404, 403, 403, 403, 204)},
        turned_away={**NO_TOKEN, "light": 403}, reads_first=True,
    ),
    "api_fields": Policy(
        {"GET": (401, 401, 200, 200, 200, 200, 200), "POST": (401, 401, 403, 403, 403, 403, 201)},
        turned_away={**NO_TOKEN, "light": 403}, body={"name": "Size"}, reads_first=True,
    ),
    "api_field": Policy(
        {"GET": (401, 401, 200, 200, 200, 200, 200),
         **dict.fromkeys(["PATCH", "DELETE"], (401, 401, 403, 403, 403, 403, 200))},
        turned_away={**NO_TOKEN, "light": 403}, reads_first=True,
    ),
    "api_tags_in_use": api(GET=200, ben=200),
    "api_notifications": api(GET=200, ben=200),
    "api_notifications_read": api(POST=200, light=200, ben=200),
    "api_notification_read": Policy(
        dict.fromkeys(("POST", "DELETE"), (401, 401, 404, 404, 200, 404, 404)),
        turned_away={**NO_TOKEN, "light": 403}, reads_first=True,
    ),
    "api_topics": api(GET=200, ben=200),
    "api_remarks": api(GET=200, POST=400, ben=200),
    "api_complaints": api(GET=200, ben=200),
    "api_complaint": api(GET=200),
    "api_complaint_acknowledgement": api(PUT=200, DELETE=200),
    "api_complaint_decision": api(PUT=200, DELETE=200, body={"finding": "upheld"}),
    "api_complaint_closing": api(PUT=409, DELETE=200, body={"is_agreed": True}),
    "api_recoveries": api(GET=200, POST=400, ben=200),
    **dict.fromkeys(["api_departments", "api_reasons"], api(GET=200, ben=200)),
    "api_recovery": of_departments(GET=200),
    "api_recovery_owner": of_departments(PUT=200, body={"owner": None}),
    "api_recovery_taking_up": of_departments(POST=200),
    "api_recovery_explanation": of_departments(PUT=200, body={"reason": None}),
    "api_recovery_notes": of_departments(GET=200, POST=201, body={"text": "Seen"}),
    "api_recovery_closing": of_departments(PUT=200, DELETE=200, body={"outcome": "not_needed"}),
    "api_surveys": api(GET=200, ben=200),
    "api_invitations": api(GET=200, ben=200),
    "api_responses": api(GET=200, ben=200),
    "api_reports": Policy({"GET": (401, 401, 200, 403, 200, 200, 200)}, turned_away={**NO_TOKEN, "light": 403}),
    "api_report": Policy({"GET": (401, 401, 200, 403, 200, 200, 200)}, turned_away={**NO_TOKEN, "light": 403}),
    "/api/": everybody(404, *METHODS),
    "/api/^(?P<rest>.*)$": everybody(404, *METHODS),
}  # fmt: skip


def routes(patterns: Any = None, before: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Every route of the site: its name, or its pattern where it has none."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver) and one.app_name == "admin":
            continue  # one page for each table: tests/helpdesk/test_maintenance.py goes through them all
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, path)
        else:
            yield one.name or path, one


#: addresses that only hide others of the same place
HIDING = {"/accounts/email/", "/^accounts/confirm-email/(?P<key>.*)$"}
NAMES = sorted({name for name, _route in routes()} - HIDING)


def test_every_route_has_a_policy() -> None:
    assert set(NAMES) - set(POLICIES) == set(), "say in POLICIES who may do what there"
    assert set(POLICIES) - set(NAMES) == set(), "these routes are gone"


LISTS = {
    "api_schema", "api_docs", "api_tickets", "api_inboxes", "api_agents", "api_teams", "api_report", "api_reports",
    "api_macros", "api_views", "api_view_counts", "api_search", "api_bulk", "api_customers", "api_organisations",
    "api_account_events", "api_fields", "api_tags_in_use", "api_notifications", "api_notifications_read",
    "api_recoveries", "api_departments", "api_reasons",
    "api_surveys", "api_invitations", "api_responses", "api_topics", "api_remarks", "api_complaints",
}  # fmt: skip


@dataclass
class House:
    """One thing of every kind, all of the Support team's."""

    addresses: dict[str, str]
    people: dict[str, Agent | None]


@pytest.fixture
def house(
    ticket: Ticket, inbox: Inbox, billing: Inbox, ana: Agent, ben: Agent, chloe: Agent, lou: Agent, admin: Agent,
    team: Team, calendar: Calendar, settings: Any,
) -> House:  # fmt: skip
    settings.MAIL_CATCHER = False
    left = make_agent("left@demo.localhost", "Lea Left", "admin", team)
    message = ticket.messages.get()
    upload = replying.Upload("a.txt", "text/plain", b"Hello")
    replying.add_note(ticket, text="Look", actor=ana, files=[upload])
    sent = replying.reply(ticket, text="It ships today.", actor=ana, delay=timedelta(minutes=1))
    _draft, [file] = enclosing.attach(ticket, actor=ana, kind="reply", uploads=[upload])
    words = drafting.Content("Look into this", is_shared=True)
    shared = drafting.save(ticket, actor=chloe, kind="forward", content=words)
    assert shared is not None
    sorting.tag(ticket, name="vip", actor=ana)
    status.resolve(ticket, actor=ana)
    event = Event.objects.filter(verb="ticket.tagged").get()
    survey = Survey.objects.create(name="Satisfaction")
    invitation = Invitation.objects.create(
        survey=survey, ticket=ticket, customer=ticket.customer, occasion_id=event.pk, occasion_at=event.at,
        due_at=event.at, state="sent", language="en",
    )  # fmt: skip
    Ballot.objects.create(
        survey=survey, inbox=inbox, digest=digest_of("a-secret"), language="en", week=week_of(localdate())
    )
    answered = Invitation.objects.create(
        survey=survey, ticket=ticket, customer=ticket.customer, occasion_id=event.pk - 1, occasion_at=event.at,
        due_at=event.at, state="answered", language="en",
    )  # fmt: skip
    answer = Response.objects.create(invitation=answered, score=1)
    recovery = opening_recoveries.open_by_hand(ticket, actor=ana)
    remark = Remark.objects.create(inbox=inbox, ticket=ticket, source="noted", text="Slow")
    Complaint.objects.create(ticket=ticket)
    review = QualityReview.objects.create(ticket=ticket, agent=ana)
    token, _secret = ApiToken.objects.issue(ana, "Ana's")
    caught = CaughtMail.objects.create(recipients=["dora@customer.example"], content=mail())
    attachment = Attachment.objects.get()
    raw = RawMessage.objects.get()
    OutgoingServer.objects.create(inbox=inbox, kind="postmark", password="key", webhook_secret="a secret")
    out = OutgoingMail.objects.create(
        inbox=inbox, ticket=ticket, said=attachment.message, purpose="reply", message_id="out@demo.localhost",
        to=["dora@customer.example"], text="Hello",
    )  # fmt: skip
    delivery = out.deliveries.create(recipient="dora@customer.example", state="failed", give_up_at=event.at)
    session = Session.objects.create(session_key="a-browser", expire_date=event.at + timedelta(days=1))
    device = ana.push_subscriptions.create(
        session=session, endpoint="https://push.example/1", p256dh="key", auth="secret"
    )
    notification = Notification.objects.create(agent=ana, kind="assigned", event_id=event.pk, ticket=ticket)
    stored = File.objects.store(png(8, 8))
    brand = Brand.objects.create(name="Acme", logo=stored, logo_type="image/png")
    things = {
        "agents": ana.pk, "teams": team.pk, "calendars": calendar.pk, "inboxes": inbox.pk, "surveys": survey.pk,
        "topics": Topic.objects.create(name="Delivery", phrases="late").pk,
        "quality": QualityPlan.objects.create(inbox=inbox).pk,
        "brands": brand.pk,
        "fields": CustomField.objects.create(key="plan", name="Plan").pk,
        "departments": Department.objects.create(name="Shipping").pk,
        "reasons": ReasonCode.objects.create(name="It was late").pk,
    }  # fmt: skip
    refund = macros.save(None, actor=admin, name="Refund", html="<p>It is on its way.</p>")
    away = macros.save(None, actor=admin, name="Away", actions=[{"do": "follow"}])
    things |= {"saved_replies": refund.pk, "macros": away.pk}
    things |= {"own_replies": macros.save(None, actor=ana, name="Mine", html="<p>Mine.</p>").pk}
    shared_view = viewing.save(actor=chloe, name="Refunds", conditions=[], scope="everyone")
    deletion = viewing.delete(viewing.save(actor=chloe, name="Old", conditions=[]), actor=chloe)
    many = bulk.ask(actor=chloe, act={"do": "tag", "tag": "many"}, tickets=[ticket.pk], once="many")
    bulk.run(many.pk)
    dora = ticket.customer
    CustomField.objects.create(about="customer", key="tier", name="Tier")
    point = dora.contact_points.get()
    customer_note = dora.notes.create(text="Likes tea", author=ana)
    merge = CustomerMerge.objects.create(
        source=Customer.objects.create(name="Dora", merged_into=dora), target=dora,
        kept={"points": [], "tickets": [], "notes": [], "filled": []},
    )  # fmt: skip
    acme = Organisation.objects.create(name="Acme")
    kept = saving.save(owner=ana, name="Mine", page="overview", asked={"period": "7", "zone": "UTC"})
    strike = annotating.add(day=date(2026, 3, 2), text="A strike", inbox=inbox, actor=ana)
    from django.urls import reverse

    given: dict[str, list[Any]] = {
        **{name: [ticket.pk] for name in NAMES if name.startswith(("ticket", "api_")) and name not in LISTS},
        "ticket_undo": [ticket.pk, event.pk],
        "bulk_progress": [many.pk], "bulk_undo": [many.pk],
        "ticket_unmerge": [ticket.pk, 1], "ticket_answered_there": [ticket.pk, 1],
        "view": [shared_view.pk], "view_deletion": [shared_view.pk], "view_undeletion": [deletion.pk],
        "ticket_withdrawal": [ticket.pk, sent.pk], "ticket_macro": [ticket.pk, refund.pk],
        "ticket_draft": [ticket.pk, "note"], "ticket_draft_files": [ticket.pk, "note"],
        "ticket_draft_file": [ticket.pk, file.pk], "ticket_draft_act": [ticket.pk, shared.pk],
        **{
            route: [content.address(route, *what).rpartition("/")[2]]
            for route, what in {
                "content_letter": (message.pk, ana.pk, 0), "content_file": (attachment.pk, ana.pk),
                "content_picture": (message.pk, ana.pk, letter_page.packed("http://127.0.0.1/")),
            }.items()
        },
        **{name: [dora.pk] for name in NAMES if name.startswith("customer_") and name != "customer_new"},
        "customer": [dora.pk],
        "customer_address": [dora.pk, point.pk], "customer_note": [customer_note.pk], "customer_unmerge": [merge.pk],
        **{name: [acme.pk] for name in NAMES if name.startswith("organisation_") and name != "organisation_new"},
        "organisation": [acme.pk],
        "message_original": [message.pk], "message_pictures": [message.pk], "message_raw": [message.pk],
        "message_ticket": [message.pk], "attachment": [attachment.pk],
        "delivery_again": [delivery.pk], "delivery_address": [delivery.pk], "mail_reports": [inbox.pk, "postmark"],
        "settings_inboxes_out": [inbox.pk], "settings_inboxes_out_trial": [inbox.pk],
        **{f"intake_{part}": [raw.pk] for part in ("mail", "source", "raw", "replay", "dismissal", "ticket")},
        **{name: ["nobody-knows-it"] for name in NAMES if name.startswith("chat_") and name != "chat_demo"},
        "form_page": ["nobody-knows-it"], "form_thanks": ["nobody-knows-it"],
        "form_frame_script": ["nobody-knows-it"],
        "content_chat_file": ["made-up"],
        "content_sent_file": ["made-up"],
        "channel_hook": ["generic", "nobody-knows-it"], "settings_channel_new": ["generic"],
        "api_inbox_reviews": [inbox.pk],
        "settings_inboxes_connection": [inbox.pk], "settings_inboxes_reviews": [inbox.pk],
        "inbox_probe": [inbox.pk], "mail_in": [inbox.pk], "settings_inboxes_webhook": [inbox.pk],
        "mail_catcher_mail": [caught.pk], "mail_catcher_html": [caught.pk],
        "survey": [invitation.token], "survey_thanks": [invitation.token], "survey_unsubscribe": [invitation.token],
        "ballot": ["a-secret"], "settings_surveys_page": [survey.pk], "settings_surveys_trial": [survey.pk],
        "remark_new_on": [ticket.pk], "remark": [remark.pk], "remark_act": [remark.pk], "complaint_act": [ticket.pk],
        "quality_review": [review.pk], "quality_act": [review.pk],
        **{name: [recovery.pk] for name in NAMES if name.startswith("api_recovery")},
        "recovery": [recovery.pk], "recovery_act": [recovery.pk], "recovery_undo": [recovery.pk, event.pk],
        "recovery_new": [ticket.pk], "answer_reason": [answer.pk],
        "settings_token_revoke": [token.pk], "settings_session_end": [1],
        **{f"settings_agents_{part}": [ana.pk] for part in ("invitation", "presence", "factor")},
        "invitation": ["nobody-was-sent-this-secret"], "mfa_edit_webauthn": [1], "mfa_remove_webauthn": [1],
        **{f"settings_{key}_edit": [pk] for key, pk in things.items()},
        **{name: [inbox.pk] for name in NAMES if name.startswith("settings_inboxes_") and not name.endswith("_new")},
        "notification_read": [notification.pk], "notifications_off": ["made-up"], "report_mail_off": ["made-up"],
        "notification_device": [device.pk],
        "settings_notifications_inbox": [inbox.pk],
        "settings_inboxes_people_forget": [inbox.pk, ana.pk], "settings_tag": [ticket.tags.get(name="vip").pk],
        "brand_logo": [brand.pk], "brand_css": [brand.pk],
        "settings_oauth_start": ["google"], "settings_oauth_callback": ["google"],
        "report_tickets": ["created"], "report": ["overview"], "report_csv": ["overview"],
        "report_xlsx": ["overview"], "api_report": ["overview"],
        **{f"saved_report{part}": [kept.pk] for part in ("", "_edit", "_deletion")},
        **{f"report_annotation{part}": [strike.pk] for part in ("", "_deletion")},
        "settings_account_file": [2**31], "settings_calendars_holidays": [calendar.pk],
        "settings_account_import_undo": [AccountImport.objects.create(name="may.csv").pk],
        "report_customers": ["there"], "report_customer": [dora.pk], "report_organisation": [acme.pk],
        "account_confirm_email": ["key"], "account_reset_password_from_key": ["a", "set-password"],
        "api_undo": [ticket.pk, event.pk], "api_merge": [ticket.pk, NO_SUCH], "api_link": [ticket.pk, NO_SUCH],
        "api_draft": [ticket.pk, "note"], "api_macro": [refund.pk], "api_field": [things["fields"]],
        "api_colleague_schedule": [ticket.pk, shared.pk], "api_draft_takeover": [ticket.pk, shared.pk],
        "api_draft_schedule": [ticket.pk, "reply"], "api_draft_sending": [ticket.pk, "reply"],
        "api_ticket_macro": [ticket.pk, away.pk],
        "api_attachment": [ticket.pk, attachment.pk], "api_tag": [ticket.pk, "vip"],
        **{name: [dora.pk] for name in NAMES if name.startswith("api_customer") and name not in LISTS},
        "api_customer_address": [dora.pk, point.pk], "api_customer_merge": [dora.pk, merge.pk],
        "api_organisation": [acme.pk], "api_organisation_notes": [acme.pk], "api_note": [customer_note.pk],
        "api_account_event": [dora.account_events.create(kind="joined", at=event.at).pk],
        "api_view": [shared_view.pk], "api_view_tickets": [shared_view.pk],
        "api_bulk_act": [many.pk], "api_bulk_undo": [many.pk], "api_notification_read": [notification.pk],
    }  # fmt: skip
    addresses = {
        name: "/api/" if name == "/api/" else "/api/nothing" if name.startswith("/api/")
        else reverse(name, args=given.get(name, []))
        for name in NAMES
    }  # fmt: skip
    people = {
        "stranger": None, "left": left, "ben": ben, "light": lou, "ana": ana, "lead": chloe, "admin": admin
    }  # fmt: skip
    return House(addresses, people)


#: as the client asks, with the middlewares put together once for all requests
HANDLER = ClientHandler(enforce_csrf_checks=False)


def first_answer_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, asked once: everybody gets the first answer."""
    answers: list[Any] = []

    def once(*args: Any, **more: Any) -> Any:
        if not answers:
            answers.append(function(*args, **more))
        return answers[0]

    return once


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are drawn for admins who look at them, as these see all of them, and for nobody else, and for no HEAD.

    What is answered is decided before: a page that is not drawn was found, and its context made, by the same code.
    The description of the API, the figures for Prometheus and the picture of a key are worked out for the first who
    asks: they are the same for everybody.
    """
    draw, describe = Template.render, SchemaGenerator.get_schema
    described: list[Any] = []
    page, picture = first_answer_of(measures.page), first_answer_of(DefaultMFAAdapter.build_totp_svg)

    def render(self: Template, context: Any = None, request: HttpRequest | None = None) -> SafeString:
        is_drawn = request is None or request.META.get(DRAWN, True)
        return draw(self, context, request) if is_drawn else mark_safe("not drawn")

    def get_schema(self: SchemaGenerator, *args: Any, **more: Any) -> Any:
        if described:
            return {"openapi": "as before"}
        described.append(describe(self, *args, **more))
        return described[0]

    monkeypatch.setattr(Template, "render", render)
    monkeypatch.setattr(SchemaGenerator, "get_schema", get_schema)
    monkeypatch.setattr(measures, "page", page)
    monkeypatch.setattr(DefaultMFAAdapter, "build_totp_svg", picture)


DRAWN = "tests.drawn"


def ask(house: House, name: str, method: str, who: str, signed_in: "SignedIn") -> Cell:
    policy = POLICIES[name]
    browser = Client()
    browser.handler = HANDLER
    more: dict[str, Any] = {DRAWN: method != "HEAD" and who == "admin"}
    is_api = name.startswith("api_") and name not in ("api_schema", "api_docs")
    if is_api and signed_in.token:
        more["headers"] = {"authorization": f"Bearer {signed_in.token}"}
    elif not is_api:
        browser.cookies = deepcopy(signed_in.cookies)
    if is_api and method not in ("GET", "HEAD"):
        more |= {"data": policy.body if method in ("POST", "PUT") else {}, "content_type": "application/json"}
    elif method not in ("GET", "HEAD"):
        # as the pages' own scripts ask: a refusal is a 409 then, and no message on the next page
        more |= {"data": urlencode({"x": "", **policy.body}), "content_type": "application/x-www-form-urlencoded"}
        more["headers"] = {"HX-Request": "true"} if name.startswith("ticket_") else {}
    answer = getattr(browser, method.lower())(house.addresses[name], **more)
    answer.getvalue()  # what is streamed is closed when it was read
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login/?next="):
        return LOGIN
    return answer.status_code


@dataclass(frozen=True)
class SignedIn:
    """What somebody's browser and program bring along."""

    cookies: SimpleCookie
    token: str


#: who tries what nobody declared: nobody, a foreigner, who may look, and who may everything
TRYING = ("stranger", "ben", "light", "admin")
#: making one thing of every kind takes a while, so it is asked for some addresses at a time
TOGETHER = 40
SOME = {
    f"{NAMES[at]}…{NAMES[at : at + TOGETHER][-1]}": NAMES[at : at + TOGETHER] for at in range(0, len(NAMES), TOGETHER)
}
#: answers after which nothing is put back before the next request: who was refused changed nothing
REFUSED = {LOGIN, 401, 403, 404, 405}


def tries(name: str, who: str) -> list[str]:
    """The methods somebody tries there: HEAD and what is not declared is answered by the same code to everybody."""
    policy = POLICIES[name]
    return [method for method in policy.looked_at if method in policy.methods or who in TRYING]


@pytest.mark.parametrize("names", SOME.values(), ids=SOME)
@pytest.mark.usefixtures("drawn_once")
def test_t21_1_everybody_may_what_is_declared_and_nothing_else(
    names: list[str], house: House, as_agent: Callable[[Agent], Client]
) -> None:
    wrong = []
    for who, agent in house.people.items():
        token = ApiToken.objects.issue(agent, "test")[1] if agent else ""
        signed_in = SignedIn(as_agent(agent).cookies if agent else SimpleCookie(), token)
        if who == "left":
            Agent.objects.filter(pk=agent.pk).update(is_active=False)  # type: ignore[union-attr]
        before = transaction.savepoint()
        for name in names:
            cache.clear()  # nobody is slowed down here
            for method in tries(name, who):
                got, expected = ask(house, name, method, who, signed_in), POLICIES[name].expected(method, who)
                if got not in REFUSED:
                    transaction.savepoint_rollback(before)
                if got != expected:
                    wrong.append(f"{method} {name} by {who}: {got}, declared is {expected}")
        transaction.savepoint_rollback(before)
    assert not wrong, "\n".join(wrong)
