"""Google and Microsoft: consent, tokens and their renewal, against a real token server, and XOAUTH2 against Dovecot."""

import threading
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.db import connection
from django.test import Client

from helpdesk import clock
from helpdesk.models import Event
from tests.conftest import mail
from tests.dovecot import dovecot
from tests.tickets.channels.email.conftest import fetch
from tests.token_server import token_server
from tickets.channels.email import imap, oauth
from tickets.channels.email.trouble import explain
from tickets.models import Grant, Mailbox, MailFolder, RawMessage

ACCOUNT = "support@example.com"


@pytest.fixture(scope="module")
def token_servers():
    with token_server() as server:
        yield server


@pytest.fixture
def tokens(token_servers, monkeypatch, settings):
    """The provider, as it is on its first day, and known to us as Google and as Microsoft."""
    server = token_servers
    server.account, server.seconds, server.status, server.rotates, server.delay = ACCOUNT, 3600, 200, False, 0
    server.scope = "https://mail.google.com/ openid email IMAP.AccessAsUser.All"
    server.revoke()
    server.asked.clear()
    for key in ("google", "microsoft"):
        monkeypatch.setitem(
            oauth.PROVIDERS, key,
            replace(
                oauth.PROVIDERS[key], authorize_url=f"{server.url}/authorize", token_url=f"{server.url}/token",
            ),
        )  # fmt: skip
        setattr(settings, f"{key.upper()}_CLIENT_ID", server.client_id)
        setattr(settings, f"{key.upper()}_CLIENT_SECRET", server.client_secret)
    return server


@pytest.fixture
def grant(db, tokens):
    return Grant.objects.create(
        provider="google", username=ACCOUNT, refresh_token=tokens.new_refresh_token(ACCOUNT)
    )  # fmt: skip


@pytest.fixture
def browser(as_agent, admin):
    return as_agent(admin)


def consent(browser, inbox, provider="google", tab="in"):
    """Leave for the consent page; returns the address the provider sends back to."""
    leaving = browser.get(f"/settings/inboxes/oauth/{provider}/start?inbox={inbox.pk}&tab={tab}")
    assert leaving.status_code == 302, leaving
    return httpx.get(leaving["Location"]).headers["Location"]


def come_back(browser, address):
    place = urlsplit(address)
    return browser.get(f"{place.path}?{place.query}", follow=True)


# --- connecting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_consent_brings_a_grant_and_the_page_offers_it(tokens, browser, inbox, provider):
    address = consent(browser, inbox, provider)
    assert address.startswith(f"http://localhost:8000/settings/inboxes/oauth/{provider}/callback?")
    page = come_back(browser, address)
    grant = Grant.objects.get()
    assert (grant.provider, grant.username) == (provider, ACCOUNT) and grant.refresh_token and grant.access_token
    assert page.request["PATH_INFO"] == f"/settings/inboxes/{inbox.pk}/in/"
    text = page.content.decode()
    assert f"{ACCOUNT} is connected." in text
    assert f'<option value="{grant.pk}" selected>' in text and f'value="{provider}"' in text
    assert not Mailbox.objects.exists(), "nothing is fetched before somebody saves"
    assert Event.objects.get(verb="grant.created").facts == {"fields": ["refresh_token"]}


def test_what_the_consent_page_is_asked(tokens, browser, inbox):
    leaving = browser.get(f"/settings/inboxes/oauth/google/start?inbox={inbox.pk}&tab=in")
    asked = parse_qs(urlsplit(leaving["Location"]).query)
    assert asked["access_type"] == ["offline"] and asked["prompt"] == ["consent"]
    assert "https://mail.google.com/" in asked["scope"][0].split()
    assert tokens.client_secret not in leaving["Location"]


def test_tokens_are_ciphertext_in_the_database(grant):
    oauth.access_token(grant)
    with connection.cursor() as cursor:
        cursor.execute("SELECT refresh_token, access_token FROM tickets_grant")
        assert "rt-" not in str(cursor.fetchone()) and "at-" not in str(cursor.fetchone())


def test_t28_a_consent_that_began_elsewhere_is_refused(tokens, browser, inbox, as_agent, chloe, admin):
    """Somebody sends an admin the address that would connect the sender's own mailbox."""
    address = consent(browser, inbox)
    other = Client()
    other.force_login(admin, backend="helpdesk.signed_in.Backend")
    assert "did not begin here" in come_back(other, address).content.decode()
    assert not Grant.objects.exists()


@pytest.mark.parametrize("damage", [
    lambda a: a.replace("state=", "state=x"), lambda a: a.replace("/google/", "/microsoft/"),
    lambda a: a.split("?")[0], lambda a: a.split("?")[0] + "?code=1&state=",
])  # fmt: skip
def test_a_state_that_is_not_ours_is_refused(tokens, browser, inbox, damage):
    page = come_back(browser, damage(consent(browser, inbox)))
    assert "did not begin here" in page.content.decode() and not Grant.objects.exists()


def test_a_consent_counts_once(tokens, browser, inbox):
    address = consent(browser, inbox)
    come_back(browser, address)
    Grant.objects.all().delete()
    assert "did not begin here" in come_back(browser, address).content.decode()
    assert not Grant.objects.exists()


def test_a_code_of_somebody_elses_consent_is_not_exchanged(tokens, browser, inbox):
    """PKCE: the code is worth nothing without what only our session knows."""
    mine, theirs = consent(browser, inbox), consent(browser, inbox)
    stolen = parse_qs(urlsplit(theirs).query)["code"][0]
    own = parse_qs(urlsplit(mine).query)["code"][0]
    page = come_back(browser, mine.replace(own, stolen))
    assert not Grant.objects.exists() and "does not let us in" in page.content.decode()


def test_a_refused_consent_changes_nothing(tokens, browser, inbox):
    tokens.account = ""
    assert "gave no permission" in come_back(browser, consent(browser, inbox)).content.decode()
    assert not Grant.objects.exists()


def test_a_consent_without_mail_is_told(tokens, browser, inbox):
    tokens.scope = "openid email"
    page = come_back(browser, consent(browser, inbox)).content.decode()
    assert "did not give the permission to read mail" in page and not Grant.objects.exists()


def test_a_provider_that_does_not_know_us_yet_is_told_before_anybody_leaves(browser, inbox, settings):
    page = browser.get(f"/settings/inboxes/oauth/google/start?inbox={inbox.pk}&tab=in", follow=True).content.decode()
    assert "Google does not know this helpdesk yet" in page and "GOOGLE_CLIENT_ID" in page


@pytest.mark.parametrize(
    "back", ["tab=//evil.example", "tab=in&inbox=99999999999999999999", "tab=https://evil.example"]
)
def test_t30_1_one_comes_back_to_our_own_pages_only(tokens, browser, inbox, back):
    leaving = browser.get(f"/settings/inboxes/oauth/google/start?{back}")
    place = urlsplit(httpx.get(leaving["Location"]).headers["Location"])
    answer = browser.get(f"{place.path}?{place.query}")
    assert answer["Location"].startswith("/settings/inboxes/")


def test_connecting_again_mends_a_lost_grant_and_its_mailboxes(tokens, browser, inbox, grant):
    Grant.objects.update(error="lost", refresh_token="gone")
    Mailbox.objects.create(inbox=inbox, host="h", username=ACCOUNT, sign_in="google", grant=grant, error="lost")
    come_back(browser, consent(browser, inbox))
    mended = Grant.objects.get()
    assert (mended.pk, mended.error) == (grant.pk, "") and mended.refresh_token in tokens.refresh_tokens
    assert Mailbox.objects.get().error == ""


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_a_token_is_used_until_shortly_before_its_end_and_then_renewed(grant, tokens):
    first = oauth.access_token(grant)
    assert oauth.access_token(grant) == first and len(tokens.asked) == 1
    Grant.objects.update(expires_at=clock.now() + timedelta(minutes=4))
    assert oauth.access_token(grant) != first and len(tokens.asked) == 2


def test_a_new_refresh_token_replaces_the_old_one(grant, tokens):
    tokens.rotates = True
    oauth.access_token(grant)
    Grant.objects.update(expires_at=clock.now())
    oauth.access_token(grant)
    assert Grant.objects.get().refresh_token in tokens.refresh_tokens


def test_many_who_need_a_token_at_once_ask_for_one(transactional_db, grant, tokens):
    tokens.delay, found = 0.3, []

    def need():
        try:
            found.append(oauth.access_token(Grant.objects.get()))
        finally:
            connection.close()

    threads = [threading.Thread(target=need) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 4 and len(set(found)) == 1 and len(tokens.asked) == 1


def test_a_permission_taken_back_is_told_and_remembered(grant, tokens):
    tokens.revoke()
    with pytest.raises(oauth.GrantLost, match="taken back") as lost:
        oauth.access_token(grant)
    assert lost.value.remedy == "Connect the account again."
    assert "taken back" in Grant.objects.get().error


def test_a_provider_that_is_away_costs_no_permission(grant, tokens):
    good = oauth.access_token(grant)
    tokens.status = 503
    Grant.objects.update(expires_at=clock.now() + timedelta(minutes=2))
    assert oauth.access_token(grant) == good, "it is still good for two minutes"
    Grant.objects.update(expires_at=clock.now())
    with pytest.raises(oauth.ProviderAway, match="does not answer"):
        oauth.access_token(grant)
    assert Grant.objects.get().error == "" and Grant.objects.get().refresh_token
    tokens.status = 200
    assert oauth.access_token(grant)


def test_a_client_secret_that_ran_out_is_no_lost_permission(grant, tokens, settings):
    settings.GOOGLE_CLIENT_SECRET = "old"
    with pytest.raises(oauth.ClientRefused, match="does not know this helpdesk") as refused:
        oauth.access_token(grant)
    assert "GOOGLE_CLIENT_SECRET" in refused.value.remedy and "AADSTS" not in str(refused.value)
    assert Grant.objects.get().error == ""


# --- signing in -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def oauth_server(token_servers, tmp_path_factory):
    """Dovecot that asks the token server whose token it is."""
    url = f"{token_servers.url}/tokeninfo?access_token="
    with dovecot(tmp_path_factory.mktemp("dovecot"), tokeninfo_url=url) as server:
        server.username = ACCOUNT
        yield server


@pytest.fixture
def mailbox(oauth_server, inbox, grant):
    oauth_server.fresh()
    mailbox = Mailbox.objects.create(
        inbox=inbox, host="127.0.0.1", port=oauth_server.port, security="none", sign_in="google", username=ACCOUNT,
        grant=grant,
    )  # fmt: skip
    MailFolder.objects.create(mailbox=mailbox, name="INBOX")
    return mailbox


def test_mail_is_fetched_with_a_token(mailbox, oauth_server):
    assert fetch(mailbox) == 0
    oauth_server.deliver(mail())
    assert fetch(mailbox) == 1


def test_a_token_that_ended_before_its_time_is_replaced_at_once(mailbox, oauth_server, tokens):
    fetch(mailbox)
    tokens.access_tokens.clear()
    oauth_server.deliver(mail())
    assert fetch(mailbox) == 1
    assert RawMessage.objects.count() == 1


def test_a_lost_permission_is_told_as_such(mailbox, tokens):
    fetch(mailbox)
    tokens.revoke()
    with pytest.raises(oauth.GrantLost) as lost:
        fetch(mailbox)
    assert str(explain(lost.value, mailbox)).endswith("Connect the account again.")


def test_an_account_without_access_to_the_mailbox_is_told(mailbox):
    Mailbox.objects.update(username="another@example.com")
    mailbox.refresh_from_db()
    with pytest.raises(imap.TROUBLE) as trouble:
        fetch(mailbox)
    said = explain(trouble.value, mailbox)
    assert said.code == "token" and "another@example.com" in said.words


def test_a_mailbox_without_an_account_is_told(mailbox):
    Mailbox.objects.update(grant=None)
    with pytest.raises(oauth.GrantLost, match="No account"):
        fetch(mailbox)


def test_the_whole_way_from_consent_to_the_first_mail(
    tokens, oauth_server, browser, inbox, monkeypatch
):  # fmt: skip
    oauth_server.fresh()
    monkeypatch.setitem(
        oauth.PROVIDERS, "microsoft",
        replace(oauth.PROVIDERS["microsoft"], imap_host="127.0.0.1", imap_port=oauth_server.port, imap_security="none"),
    )  # fmt: skip
    come_back(browser, consent(browser, inbox, "microsoft"))
    form = {"way": "imap", "sign_in": "microsoft", "grant": Grant.objects.get().pk, "start": "now", "is_active": "on",
            "folder": ["INBOX"]}  # fmt: skip
    url = f"/settings/inboxes/{inbox.pk}/in/"
    text = browser.post(f"{url}try", form, headers={"HX-Request": "true"}).content.decode()
    assert "The connection works" in text, text + oauth_server.log()
    seen = text.split('name="seen" value="')[1].split('"')[0]
    assert browser.post(url, {**form, "seen": seen}).status_code == 302
    box = Mailbox.objects.get()
    assert (box.username, box.port, box.password) == (ACCOUNT, oauth_server.port, "")
    fetch(box)
    oauth_server.deliver(mail())
    assert fetch(box) == 1


def test_what_a_client_says_to_sign_in():
    assert oauth.xoauth2("a@x.example", "tok") == "user=a@x.example\x01auth=Bearer tok\x01\x01"
    assert oauth.xoauth2("a\x01auth=Bearer evil\x01", "tok").count("\x01") == 3
