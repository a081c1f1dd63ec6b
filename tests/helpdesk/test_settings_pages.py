"""The settings' pages: who may open them, what they refuse in plain words, and what they record."""

from datetime import date

import pytest

from helpdesk.models import Agent, ApiToken, Calendar, Event, Team
from tickets.models import Inbox

ADMIN_PAGES = ["agents", "teams", "calendars", "inboxes", "surveys"]


@pytest.mark.parametrize("page", ADMIN_PAGES)
def test_only_admins_set_the_house_up(page, as_agent, ana, chloe, lou, admin, client):
    for path in (f"/settings/{page}/", f"/settings/{page}/new/"):
        assert client.get(path).status_code == 302
        for agent in (ana, chloe, lou):
            assert as_agent(agent).get(path).status_code == 403
        assert as_agent(admin).get(path).status_code == 200


def test_everybody_has_a_page_of_their_own(as_agent, lou):
    client = as_agent(lou)
    page = client.get("/settings/")
    assert page.status_code == 200 and "Agents" not in page.content.decode()
    form = {"name": "Lou N.", "language": "de", "zone": "Europe/Berlin", "signature": "Lou, nights"}
    assert client.post("/settings/you/", form).status_code == 302
    assert client.get("/settings/you/")["Content-Language"] == "de"
    facts = Event.objects.get(verb="agent.changed").facts
    assert facts["fields"] == ["language", "name", "signature", "zone"]
    assert facts["was"]["name"] == "Lou Novak" and facts["now"]["name"] == "Lou N."
    assert "signature" not in facts["now"], "texts are not written into the ledger"
    assert Agent.objects.get(pk=lou.pk).signature == "Lou, nights"


def test_nobody_makes_themselves_an_admin(as_agent, ana):
    as_agent(ana).post("/settings/you/", {"name": "A", "language": "", "zone": "UTC", "role": "admin"})
    ana.refresh_from_db()
    assert ana.role == "agent"


def test_wrong_input_comes_back_with_words_and_with_what_was_typed(as_agent, admin, ana):
    form = {"name": "Twin", "email": "ana@demo.localhost", "role": "agent", "zone": "UTC"}
    answer = as_agent(admin).post("/settings/agents/new/", form)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Somebody here already has this address." in page and 'value="Twin"' in page


def test_the_last_admin_stays_one(as_agent, admin):
    form = {"name": "Ada", "email": admin.email, "role": "agent", "zone": "UTC", "is_active": "on"}
    answer = as_agent(admin).post(f"/settings/agents/{admin.pk}/", form)
    assert answer.status_code == 422 and "only admin" in answer.content.decode()


def test_a_team_has_its_members(as_agent, admin, ana, ben):
    as_agent(admin).post("/settings/teams/new/", {"name": "Night", "members": [ana.pk, ben.pk]})
    assert set(Team.objects.get(name="Night").members.all()) == {ana, ben}


HOURS = {"name": "Shop", "zone": "Europe/Berlin", "mon": "09:00-12:30, 13:00-17:00", "tue": "9:00-17:00"}


def test_a_calendar_keeps_its_old_hours_for_the_time_before(as_agent, admin):
    client = as_agent(admin)
    assert client.post("/settings/calendars/new/", HOURS).status_code == 302
    shop = Calendar.objects.get(name="Shop")
    assert shop.versions.get().weekly["mon"] == [["09:00", "12:30"], ["13:00", "17:00"]]
    changed = {**HOURS, "mon": "10:00-16:00", "valid_from": "2026-06-01", "holidays": "2026-12-25 Christmas Day"}
    assert client.post(f"/settings/calendars/{shop.pk}/", changed).status_code == 302
    assert [v.valid_from for v in shop.versions.all()] == [None, date(2026, 6, 1)]
    assert shop.special_days.get().name == "Christmas Day"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("mon", "9 to 5", "Write hours like"),
        ("mon", "17:00-09:00", "must end after it begins"),
        ("mon", "09:00-12:00, 11:00-13:00", "must end after it begins"),
        ("holidays", "Christmas", "does not begin with a date"),
        ("zone", "Mars/Olympus", "Select a valid choice"),
    ],
)
def test_hours_nobody_can_keep_are_refused_in_plain_words(as_agent, admin, field, value, words):
    answer = as_agent(admin).post("/settings/calendars/new/", {**HOURS, field: value})
    assert answer.status_code == 422 and words in answer.content.decode()


def test_a_calendar_that_never_opens_is_refused(as_agent, admin):
    answer = as_agent(admin).post("/settings/calendars/new/", {"name": "Never", "zone": "UTC"})
    assert answer.status_code == 422 and "at least one open hour" in answer.content.decode()


INBOX = {"name": "Sales", "address": "Sales@demo.localhost", "response_target_minutes": "60", "is_active": "on",
         "probe_minutes": "0"}  # fmt: skip


def test_an_inbox_can_be_added(as_agent, admin, team):
    answer = as_agent(admin).post("/settings/inboxes/new/", {**INBOX, "teams": [team.pk]})
    sales = Inbox.objects.get(address="sales@demo.localhost")
    assert (answer.status_code, answer["Location"]) == (302, f"/settings/inboxes/{sales.pk}/")
    assert list(sales.teams.all()) == [team]


def test_a_token_is_shown_once_and_opens_nothing_once_revoked(as_agent, ana, client):
    browser = as_agent(ana)
    page = browser.post("/settings/tokens/", {"name": "Export"}).content.decode()
    secret = page[page.index("hd_") :].split("<")[0].split('"')[0].strip()
    assert secret not in browser.get("/settings/tokens/").content.decode()
    headers = {"authorization": f"Bearer {secret}"}
    assert client.get("/api/v1/inboxes/", headers=headers).status_code == 200
    browser.post(f"/settings/tokens/{ApiToken.objects.get().pk}/revoke")
    assert client.get("/api/v1/inboxes/", headers=headers).status_code == 401


def test_nobody_revokes_somebody_elses_token(as_agent, ana, ben):
    token, _secret = ApiToken.objects.issue(ana, "mine")
    assert as_agent(ben).post(f"/settings/tokens/{token.pk}/revoke").status_code == 404
