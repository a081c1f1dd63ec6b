"""The page of a mailbox: what is there is shown before anything begins, and secrets stay where they are."""

import re

import pytest

from helpdesk import clock
from helpdesk.models import Event
from tests.conftest import mail
from tests.tickets.channels.email.conftest import fetch
from tickets.models import Grant, Inbox, Mailbox, MailFolder, OutgoingMail, RawMessage


@pytest.fixture
def page(as_agent, admin, inbox, server):
    server.fresh()
    browser = as_agent(admin)
    url = f"/settings/inboxes/{inbox.pk}/in/"
    form = {
        "way": "imap", "sign_in": "password", "host": server.host, "port": server.port, "security": "none",
        "username": "support", "password": "secret", "folders_typed": "INBOX", "start": "now", "is_active": "on",
    }  # fmt: skip
    return Page(browser, url, form)


class Page:
    def __init__(self, browser, url, form):
        self.browser, self.url, self.form = browser, url, form

    def save(self, **changes):
        return self.browser.post(self.url, {**self.form, **changes})

    def try_it(self, htmx=True, **changes):
        headers = {"HX-Request": "true"} if htmx else {}
        return self.browser.post(f"{self.url}try", {**self.form, **changes}, headers=headers)

    def save_after_a_look(self, **changes):
        return self.save(**changes, **hidden(self.try_it(**changes)))


def hidden(answer):
    """What a page carries back."""
    return dict(re.findall(r'type="hidden" name="(seen|sealed)" value="([^"]+)"', answer.content.decode()))


def test_a_look_shows_every_folder_and_saves_nothing(page, server):
    server.deliver(mail(), mail(Message_ID="<2@x.example>"))
    server.deliver(mail(), folder="Orders & more", flags="(\\Seen)")
    answer = page.try_it()
    text = answer.content.decode()
    assert answer.status_code == 200 and "<html" not in text
    assert "The connection works" in text and "Orders &amp; more" in text and "spam" in text
    assert "2 mails are in the chosen folders" in text
    assert not Mailbox.objects.exists() and not Event.objects.filter(verb="inbox.changed").exists()


def test_without_scripts_the_look_is_the_page_again_and_the_password_need_not_be_typed_again(page):
    answer = page.try_it(htmx=False)
    text = answer.content.decode()
    assert "<html" in text and "The connection works" in text and "secret" not in text.replace('class="secret"', "")
    assert page.save(password="", **hidden(answer)).status_code == 302
    assert Mailbox.objects.get().password == "secret"


def test_t12_1_2000_unread_mails_are_counted_before_anything_begins_and_none_is_answered(
    page, server, inbox, settle
):  # fmt: skip
    letter = mail(Message_ID="<0@x.example>")
    server.hold(*[letter.replace(b"<0@", b"<%d@" % n) for n in range(2000)], at=clock.now())
    answer = page.save()
    text = answer.content.decode()
    assert answer.status_code == 422 and "Nothing is saved yet" in text
    assert re.search(r"2,?000 mails are in the chosen folders", text)
    assert "none of them is imported and none answered" in text
    assert not Mailbox.objects.exists()
    assert page.save(password="", **hidden(answer)).status_code == 302
    box = Mailbox.objects.get()
    assert fetch(box) == 0
    settle()
    assert (RawMessage.objects.count(), OutgoingMail.objects.count()) == (0, 0)


def test_what_was_seen_is_no_leave_for_another_mailbox(page):
    seen = hidden(page.try_it(username="other"))["seen"]
    assert page.save(seen=seen).status_code == 422
    assert page.save(seen="forged").status_code == 422
    assert not Mailbox.objects.exists()


def test_folders_are_chosen_from_the_list(page, server):
    server.deliver(mail(), folder="Orders")
    look = hidden(page.try_it())
    assert page.save(folder=["INBOX", "Orders"], **look).status_code == 302
    assert [f.name for f in Mailbox.objects.get().folders.all()] == ["INBOX", "Orders"]
    orders = MailFolder.objects.get(name="Orders")
    assert page.save(folder=["Orders"], password="").status_code == 302
    assert MailFolder.objects.get() == orders


def test_a_folder_that_does_not_exist_is_told_and_those_that_do_are_offered(page):
    answer = page.save(folders_typed="INBOX\nOrdres")
    text = answer.content.decode()
    assert answer.status_code == 422 and "There is no folder “Ordres”" in text and 'value="Junk"' in text


def test_a_wrong_password_is_told_in_plain_words_and_not_repeated(page):
    for answer in (page.save(password="wrong"), page.try_it(password="wrong")):
        text = answer.content.decode()
        assert "refused the user name or password" in text and 'value="wrong"' not in text
        assert "AUTHENTICATIONFAILED" not in text
    assert not Mailbox.objects.exists()


def test_the_password_we_keep_is_for_its_server_and_user_only(page, server):
    """Somebody who changes the server's name to their own must not be sent the password."""
    assert page.save_after_a_look().status_code == 302
    assert page.save(password="", is_active="").status_code == 302
    for changed in ({"host": "localhost"}, {"username": "somebody"}):
        answer = page.save(password="", **changed)
        assert answer.status_code == 422 and "The password is missing" in answer.content.decode()


def test_a_sealed_password_is_good_for_its_own_server_only(page):
    sealed = hidden(page.try_it())["sealed"]
    answer = page.save(password="", host="localhost", sealed=sealed)
    assert answer.status_code == 422 and "The password is missing" in answer.content.decode()
    assert page.save(password="", sealed="nonsense").status_code == 422


def test_a_password_crosses_no_foreign_network_unencrypted(page):
    answer = page.save(host="8.8.8.8")
    assert answer.status_code == 422 and "Without encryption only" in answer.content.decode()


def test_a_mailbox_is_paused_although_its_server_is_away(page):
    assert page.save_after_a_look().status_code == 302
    Mailbox.objects.update(port=9)
    assert page.save(port="9", password="", is_active="").status_code == 302
    assert Mailbox.objects.get().is_active is False


def test_another_account_begins_anew(page, server):
    assert page.save_after_a_look().status_code == 302
    MailFolder.objects.update(uidvalidity=7, last_uid=99)
    assert page.save(username="other").status_code == 422, "what is in it must be seen first"
    assert page.save_after_a_look(username="other").status_code == 302
    folder = MailFolder.objects.get()
    assert (folder.uidvalidity, folder.last_uid, Mailbox.objects.get().username) == (None, 0, "other")


def test_what_is_there_can_be_brought_in_later(page, server):
    server.deliver(mail(), mail(Message_ID="<2@x.example>"))
    assert page.save_after_a_look().status_code == 302
    assert fetch(Mailbox.objects.get()) == 0
    assert page.save(start="all", password="").status_code == 302
    assert fetch(Mailbox.objects.get()) == 2
    assert RawMessage.objects.filter(is_history=True).count() == 2


def test_the_way_back_to_our_own_server_forgets_the_mailbox(page, inbox):
    assert page.save_after_a_look().status_code == 302
    assert page.save(way="server").status_code == 302
    assert not Mailbox.objects.exists() and Inbox.objects.filter(pk=inbox.pk).exists()


def test_saving_is_an_event_that_names_no_secret(page):
    page.save_after_a_look()
    [event] = Event.objects.filter(verb="inbox.changed")
    assert "password" in event.facts["fields"] and "secret" not in str(event.facts)


def test_what_is_wrong_is_shown_above_the_form(page):
    page.save_after_a_look()
    Mailbox.objects.update(error="Nobody answers.", failing_since="2026-03-01T10:00:00Z")
    text = page.browser.get(page.url).content.decode()
    assert "Nobody answers." in text and "and mail waits on the server meanwhile" in text
    assert "IMAP: trouble" in page.browser.get("/settings/inboxes/").content.decode()


def test_an_account_must_be_of_the_provider_one_signs_in_with(page):
    grant = Grant.objects.create(provider="microsoft", username="a@x.example", refresh_token="r")
    answer = page.save(sign_in="google", grant=grant.pk)
    assert answer.status_code == 422 and "Connect an account at Google first" in answer.content.decode()


def test_t32_5_only_admins_look_at_mail_servers(page, inbox, as_agent, ana, chloe):
    for agent in (ana, chloe):
        assert as_agent(agent).post(f"{page.url}try", page.form).status_code == 403


def test_a_new_inbox_is_quiet_until_somebody_unticks_it(as_agent, admin):
    text = as_agent(admin).get("/settings/inboxes/new/").content.decode()
    assert re.search(r'name="is_quiet"[^>]*checked', text) and "A new inbox begins so" in text
