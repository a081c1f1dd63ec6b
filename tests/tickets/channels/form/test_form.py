"""The web form: what it keeps, what it refuses and how, whom its answers reach, and who may show it in a frame."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from feedback.models import Survey, SurveyKind
from feedback.operations import asking
from helpdesk.models import Agent, Event, Team
from tests.conftest import mail
from tests.tickets.channels.form.rig import SITE, Visitor
from tickets import tasks
from tickets.channels.form import CHANNEL, views
from tickets.channels.form.forms import Question, WebFormForm
from tickets.channels.form.tokens import OLDEST
from tickets.channels.protocol import Account, Unreadable
from tickets.models import (
    ChannelAccount,
    ContactPoint,
    Conversation,
    Customer,
    Delivery,
    Inbox,
    Message,
    OutgoingMail,
    RawMessage,
    Status,
    Ticket,
)
from tickets.operations import acknowledging, posting, recipients, replying, status

pytestmark = pytest.mark.django_db
SETTING: dict[str, Any] = {
    "title": "Write to us", "asks_name": "required", "takes_files": True, "allowed_origins": [SITE],
    "questions": ["Order number *", "Product: Bike | Scooter"], "consent": "You may keep what I write.",
    "consent_url": "https://shop.example/privacy",
}  # fmt: skip
FILLED = {"q0": "4711", "consent": "on"}


@pytest.fixture
def form(team: Team, inbox: Inbox) -> ChannelAccount:
    """A form whose answers go out through support@."""
    made = Inbox.objects.create(name="Contact", channel="form", mails_through=inbox)
    made.teams.add(team)
    cache.clear()
    return ChannelAccount.objects.create(inbox=made, kind="form", config=SETTING)


@pytest.fixture
def visitor(form: ChannelAccount) -> Visitor:
    return Visitor(form.key)


def sent(visitor: Visitor, **more: Any) -> Any:
    """Open the form, fill it in, send it."""
    answer = visitor.send(visitor.open(), **{**FILLED, **more})
    assert answer.status_code == 302, answer.content
    return answer


def ticket_of(visitor: Visitor, **more: Any) -> Ticket:
    sent(visitor, **more)
    tasks.receive_posts()
    return Ticket.objects.latest("number")


# ---------------------------------------------------------------------- what is sent


def test_what_is_sent_is_kept_before_anybody_is_thanked_and_becomes_a_ticket(visitor: Visitor) -> None:
    answer = sent(visitor, q1="Bike", files=SimpleUploadedFile("a.png", b"a picture", "image/png"))
    assert RawMessage.objects.get().source == "form" and not Ticket.objects.exists()
    thanks = visitor.client.get(answer["Location"]).content.decode()
    assert "Thank you" in thanks and "dora@customer.example" not in thanks + answer["Location"]
    tasks.receive_posts()
    message = Message.objects.get()
    assert (message.ticket.subject, message.text, message.ticket.channel) == ("My parcel", "Where is it?", "form")
    assert message.attachments.get().file.read() == b"a picture"
    assert message.abroad.get().facts["answers"] == [  # type: ignore[attr-defined]
        ["Order number", "4711"], ["Product", "Bike"], ["You may keep what I write.", "Agreed"],
    ]  # fmt: skip
    assert message.ticket.customer.name == "Dora Lind" and str(message.sender) == "dora@customer.example"


def test_what_was_asked_is_shown_to_who_answers(visitor: Visitor, as_agent, ana: Agent) -> None:  # type: ignore[no-untyped-def]
    page = as_agent(ana).get(f"/tickets/{ticket_of(visitor).number}/").content.decode()
    assert "Order number" in page and "4711" in page and "dora@customer.example" in page


def test_a_double_click_and_a_second_press_are_one_ticket_with_one_message(visitor: Visitor) -> None:
    token = visitor.open()
    first, second = visitor.send(token, **FILLED), visitor.send(token, **FILLED)
    assert first.status_code == second.status_code == 302
    tasks.receive_posts()
    assert RawMessage.objects.count() == Message.objects.count() == 1


def test_who_goes_back_and_changes_their_words_loses_none_and_makes_no_second_ticket(visitor: Visitor) -> None:
    token = visitor.open()
    visitor.send(token, **FILLED)
    visitor.send(token, **{**FILLED, "text": "Where is it? It is blue."})
    tasks.receive_posts()
    assert Ticket.objects.count() == 1 and Message.objects.count() == 2


def test_two_showings_are_two_tickets_of_two_strangers(visitor: Visitor) -> None:
    first, second = ticket_of(visitor), ticket_of(visitor)
    assert first != second and first.customer != second.customer


def test_what_was_forgotten_is_added_to_the_same_ticket_and_nothing_is_asked_twice(visitor: Visitor) -> None:
    more = sent(visitor)["Location"].replace("thanks/", "")
    page = visitor.client.get(more).content.decode()
    assert 'name="text"' in page and 'name="email"' not in page and 'name="q0"' not in page
    answer = visitor.client.post(visitor.url, {"token": "x"})
    assert answer.status_code == 409
    token = visitor.open(more)
    assert visitor.send(token, text="And the number is 4712.").status_code == 302
    tasks.receive_posts()
    ticket = Ticket.objects.get()
    assert [one.text for one in ticket.messages.order_by("pk")] == ["Where is it?", "And the number is 4712."]
    assert Conversation.objects.get().facts["claimed"] == {"email": "dora@customer.example"}


def test_a_failure_to_keep_it_thanks_nobody_and_keeps_the_words(visitor: Visitor, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(views.handling, "keep", full)
    answer = visitor.send(visitor.open(), **FILLED)
    assert answer.status_code == 503 and "Where is it?" in answer.content.decode()


# ---------------------------------------------------------------------- what is wrong with it


def test_what_is_missing_is_named_at_its_field_and_all_that_was_written_is_still_there(visitor: Visitor) -> None:
    answer = visitor.send(visitor.open(), email="dora", text="Where is my <b>blue</b> parcel?", q0="", name="")
    page = answer.content.decode()
    assert answer.status_code == 422 and not RawMessage.objects.exists()
    for field in ("name", "email", "q0", "consent"):
        assert f'href="#{field}"' in page and f'id="{field}_error"' in page
        element = page[page.index(f'name="{field}"') :]
        element = element[: element.index(">")]
        assert 'aria-invalid="true"' in element and f"{field}_error" in element
    assert "Where is my &lt;b&gt;blue&lt;/b&gt; parcel?" in page and 'value="dora"' in page and "My parcel" in page


def test_files_that_must_be_chosen_again_are_said_to_be(visitor: Visitor) -> None:
    small = SimpleUploadedFile("a.png", b"a", "image/png")
    page = visitor.send(visitor.open(), files=small).content.decode()
    assert "choose your files again" in page


def test_too_many_and_too_large_files_are_refused_by_name(visitor: Visitor, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("tickets.channels.form.forms.MOST_FILE", 3)
    large = visitor.send(visitor.open(), files=SimpleUploadedFile("large.png", b"1234"), **FILLED)
    assert large.status_code == 422 and "large.png" in large.content.decode()
    many = [SimpleUploadedFile(f"{n}.png", b"1") for n in range(6)]
    assert visitor.send(visitor.open(), files=many, **FILLED).status_code == 422
    monkeypatch.setattr(views, "MOST_UPLOAD", 100)
    assert visitor.send(visitor.open(), **FILLED).status_code == 413
    assert not RawMessage.objects.exists()


def test_a_form_without_files_takes_none(form: ChannelAccount, visitor: Visitor) -> None:
    form.config = {**SETTING, "takes_files": False}
    form.save()
    sent(visitor, files=SimpleUploadedFile("a.png", b"a", "image/png"))
    assert json.loads(bytes(RawMessage.objects.get().content))["files"] == []


@pytest.mark.parametrize("address", ["support@demo.localhost", "postmaster@customer.example", "dora@customer"])
def test_an_address_we_cannot_answer_to_is_said_to_be_one(visitor: Visitor, address: str) -> None:
    answer = visitor.send(visitor.open(), email=address, **FILLED)
    assert answer.status_code == 422 and 'id="email_error"' in answer.content.decode()


# ---------------------------------------------------------------------- who is no customer


def test_what_comes_too_soon_or_too_late_is_asked_for_again_with_all_that_was_written(visitor: Visitor) -> None:
    token = visitor.open()
    soon = visitor.send(token, after=timedelta(seconds=1), **FILLED)
    late = visitor.send(token, after=OLDEST + timedelta(minutes=1), **FILLED)
    assert soon.status_code == late.status_code == 409 and "Where is it?" in late.content.decode()
    assert not RawMessage.objects.exists()
    visitor.send(token, **FILLED)
    assert RawMessage.objects.count() == 1


@pytest.mark.parametrize(
    "token",
    ["", "made-up", signing.dumps(["another form", "t", 0, False]), "x" * 10_000],
    ids=["none", "made up", "of another form", "too long"],  # the same in every process, whatever the second
)
def test_a_token_of_nobody_or_of_another_form_takes_nothing(visitor: Visitor, token: str) -> None:
    assert visitor.send(token, **FILLED).status_code == 409 and not RawMessage.objects.exists()


def test_a_token_of_another_form_of_ours_takes_nothing(form: ChannelAccount, visitor: Visitor) -> None:
    other = ChannelAccount.objects.create(inbox=Inbox.objects.create(name="B", channel="form"), kind="form")
    assert visitor.send(Visitor(other.key).open(), **FILLED).status_code == 409 and not RawMessage.objects.exists()
    more = sent(visitor)["Location"].replace("thanks/", "").replace(form.key, other.key)
    assert 'name="email"' in Client().get(more).content.decode(), "it adds to nothing"


def test_a_program_that_fills_in_all_is_stopped_and_a_person_presses_once_more(visitor: Visitor) -> None:
    token = visitor.open()
    answer = visitor.send(token, **{**FILLED, views.TRAP: "https://casino.example"})
    assert answer.status_code == 409 and "casino" not in answer.content.decode() and not RawMessage.objects.exists()
    assert visitor.send(token, **FILLED).status_code == 302


def test_t10_1_a_form_sends_nothing_of_itself_to_an_address_anybody_could_have_typed(
    form: ChannelAccount, visitor: Visitor
) -> None:
    Inbox.objects.filter(pk=form.inbox_id).update(acknowledges=True)
    ticket_of(visitor, email="victim@somewhere.example", subject="You won", text="Claim your prize")
    acknowledging.acknowledge_all(Message.objects.values_list("pk", flat=True))
    assert not OutgoingMail.objects.exists()
    assert Event.objects.get(verb="message.unacknowledged").facts["reason"] == "anonymous"


def test_t10_1_a_survey_goes_to_a_typed_address_only_once_one_of_us_wrote_there(visitor: Visitor, ana: Agent) -> None:
    ticket = ticket_of(visitor)
    survey = Survey(kind=SurveyKind.CSAT)
    assert asking.way_to(ticket, survey).address == ""
    replying.reply(ticket, text="On its way.", actor=ana)
    assert asking.way_to(ticket, survey).address == "dora@customer.example"


def test_t10_1_one_address_and_one_form_take_so_many_and_then_ask_for_patience(visitor: Visitor, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(views, "MOST_EACH", 2)
    sent(visitor)
    sent(visitor)
    answer = visitor.send(visitor.open(), **FILLED)
    assert answer.status_code == 429 and answer["Retry-After"] and "Where is it?" in answer.content.decode()
    elsewhere = Visitor(visitor.url.split("/")[2], REMOTE_ADDR="192.0.2.7")
    sent(elsewhere)
    monkeypatch.setattr(views, "MOST_HERE", 2)
    assert elsewhere.send(elsewhere.open(), **FILLED).status_code == 429


def test_t10_2_one_typed_address_is_written_for_so_often_in_an_hour(visitor: Visitor, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(views, "MOST_FROM", 1)
    sent(visitor)
    other = Visitor(visitor.url.split("/")[2], REMOTE_ADDR="192.0.2.7")
    assert other.send(other.open(), **{**FILLED, "email": "DORA@customer.example"}).status_code == 429


def test_t19_1_what_strangers_write_is_text_and_asks_for_nothing(visitor: Visitor, as_agent, ana: Agent) -> None:  # type: ignore[no-untyped-def]
    hostile = "<img src=http://canary.example/a onerror=alert(1)>"
    ticket = ticket_of(visitor, name=hostile, subject=hostile, text=hostile, q0=hostile)
    page = as_agent(ana).get(f"/tickets/{ticket.number}/").content.decode()
    assert "<img src=http://canary" not in page and "&lt;img src=http://canary" in page
    assert Message.objects.get().html == ""


def test_t22_1_a_talk_is_added_to_only_by_who_has_its_signed_link(visitor: Visitor) -> None:
    sent(visitor)
    thread = json.loads(bytes(RawMessage.objects.get().content))["thread"]
    for more in (thread, signing.dumps([visitor.url.split("/")[2], thread, 0.0], salt="tickets.form.page"), "x"):
        assert 'name="email"' in visitor.client.get(visitor.url, {"more": more}).content.decode()


def test_t29_1_a_typed_address_joins_nobody_and_shows_nobodys_history(visitor: Visitor, dora: Customer) -> None:
    known = ContactPoint.objects.filter(customer=dora, channel="email").values_list("address", flat=True)[0]
    ticket = ticket_of(visitor, email=known)
    assert ticket.customer != dora and not ticket.customer.contact_points.filter(channel="email").exists()
    to = recipients.suggest(ticket, recipients.answered_by(ticket)).to
    assert [(one.address, one.marks) for one in to] == [(known, ("unverified",))]


# ---------------------------------------------------------------------- whom answers reach


def test_an_answer_goes_by_mail_through_the_inbox_and_the_answer_to_it_comes_back(  # type: ignore[no-untyped-def]
    visitor: Visitor, ana: Agent, inbox: Inbox, send_mail_in
) -> None:
    ticket = ticket_of(visitor)
    assert posting.routes(ticket) == [] and posting.by_mail(ticket) is not None
    said = replying.reply(ticket, text="On its way.", actor=ana)
    delivery = Delivery.objects.get()
    assert (delivery.recipient, delivery.mail.inbox, delivery.mail.to) == (
        "dora@customer.example", inbox, ["dora@customer.example"],
    )  # fmt: skip
    assert not delivery.mail.cc and delivery.mail.subject == "Re: My parcel" and said.channel == "email"
    second = replying.reply(Ticket.objects.get(), text="It is there.", actor=ana)
    assert (second.to, second.cc) == (["dora@customer.example"], [])
    status.resolve(Ticket.objects.get(), actor=ana)
    raw = send_mail_in(mail(subject="Re: My parcel", text="It is not.", In_Reply_To=second.message_id))
    ticket = Ticket.objects.get()
    assert raw.said.ticket == ticket and ticket.status == Status.OPEN and "stranger" not in raw.said.marks
    third = replying.reply(ticket, text="We look.", actor=ana)
    assert (third.to, third.cc) == (["dora@customer.example"], [])


# ---------------------------------------------------------------------- how it looks, and where


def test_it_speaks_the_visitors_language_or_its_own(form: ChannelAccount, visitor: Visitor) -> None:
    german = visitor.client.get(visitor.url, headers={"accept-language": "de"})
    assert 'lang="de"' in german.content.decode() and german["Content-Language"] == "de"
    assert 'lang="de"' in visitor.client.get(visitor.url, {"lang": "de"}).content.decode()
    form.config = {**SETTING, "language": "de"}
    form.save()
    assert 'lang="de"' in visitor.client.get(visitor.url).content.decode()


def test_it_needs_no_cookie_and_no_script(visitor: Visitor) -> None:
    page = visitor.client.get(visitor.url)
    assert not page.cookies and "<script" not in page.content.decode() and " style=" not in page.content.decode()
    assert "script-src 'none'" in page["Content-Security-Policy"]
    answer = Client(enforce_csrf_checks=True)
    visitor.client = answer
    sent(visitor)


def test_t29_4_only_allowed_sites_show_it_in_a_frame_and_nothing_else_of_ours(
    form: ChannelAccount, visitor: Visitor
) -> None:
    def ancestors(answer: Any) -> list[str]:
        policy = dict(one.split(" ", 1) for one in answer["Content-Security-Policy"].split("; "))
        return str(policy["frame-ancestors"]).split()

    page = visitor.client.get(visitor.url, {"embed": "1"})
    assert ancestors(page) == ["'self'", SITE] and "X-Frame-Options" not in page
    assert ancestors(visitor.client.get(sent(visitor)["Location"])) == ["'self'", SITE]
    form.config = {**SETTING, "allowed_origins": ["*", "https://a; script-src *", "https://*.shop.example"]}
    form.save()
    assert ancestors(visitor.client.get(visitor.url)) == ["'self'", "https://*.shop.example"]
    elsewhere = visitor.client.get("/accounts/login/")
    assert SITE not in elsewhere["Content-Security-Policy"] and elsewhere["X-Frame-Options"] == "SAMEORIGIN"


def test_in_a_frame_one_script_of_ours_tells_the_site_how_tall_it_is(form: ChannelAccount, visitor: Visitor) -> None:
    page = visitor.client.get(visitor.url, {"embed": "1"})
    assert "script-src 'self'" in page["Content-Security-Policy"] and page.content.decode().count("<script") == 1
    script = visitor.client.get(f"{visitor.url}frame.js")
    assert script["Content-Type"].startswith("text/javascript") and b"postMessage" in script.content
    assert (script["Cross-Origin-Resource-Policy"], script["Access-Control-Allow-Origin"]) == ("cross-origin", "*")
    again = visitor.client.get(f"{visitor.url}frame.js", headers={"if-none-match": script["ETag"]})
    assert again.status_code == 304 and not again.content


def test_in_a_frame_it_looks_as_its_site_whatever_the_visitors_device_prefers(
    form: ChannelAccount, visitor: Visitor
) -> None:
    assert 'data-theme="light"' in visitor.client.get(visitor.url, {"embed": "1"}).content.decode()
    assert "data-theme" not in visitor.client.get(visitor.url).content.decode()
    form.config = {**SETTING, "frame_theme": "dark"}
    form.save()
    assert 'data-theme="dark"' in visitor.client.get(visitor.url, {"embed": "1"}).content.decode()


def test_a_form_without_a_heading_has_one_in_the_visitors_language(form: ChannelAccount, visitor: Visitor) -> None:
    form.config = {**SETTING, "title": ""}
    form.save()
    assert "<h1>Write to us</h1>" in visitor.client.get(visitor.url).content.decode()


def test_in_a_frame_it_stays_in_one(visitor: Visitor) -> None:
    page = visitor.client.get(visitor.url, {"embed": "1", "lang": "de", "other": "x"}).content.decode()
    assert 'class="is-embedded"' in page and f'action="{visitor.url}?embed=1&amp;lang=de"' in page


def test_a_paused_form_says_so_and_loses_no_words(form: ChannelAccount, visitor: Visitor) -> None:
    token = visitor.open()
    form.config = {**SETTING, "paused": True}
    form.save()
    assert "<form" not in visitor.client.get(visitor.url).content.decode()
    late = visitor.send(token, **FILLED)
    assert late.status_code == 409 and "Where is it?" in late.content.decode() and not RawMessage.objects.exists()


def test_a_form_out_of_use_is_nowhere(form: ChannelAccount, visitor: Visitor) -> None:
    Inbox.objects.filter(pk=form.inbox_id).update(is_active=False)
    assert visitor.client.get(visitor.url).status_code == 404


# ---------------------------------------------------------------------- setting it up


def test_an_admin_sets_a_form_up_and_copies_its_address_and_its_frame(as_agent, admin, team, inbox) -> None:  # type: ignore[no-untyped-def]
    client: Client = as_agent(admin)
    assert b"Web form" in client.get("/settings/inboxes/channels/").content
    given = {
        "inbox-name": "Contact", "inbox-response_target_minutes": 60, "inbox-teams": [team.pk],
        "inbox-is_active": "on", "title": "Write to us", "questions": "Order number *\nProduct: Bike | Scooter",
        "allowed_origins": SITE, "takes_files": "on",
    }  # fmt: skip
    asked = client.get("/settings/inboxes/channels/form/").content.decode()
    assert "Answers go out from this inbox" in asked and "Mail comes in" not in asked
    refused = client.post("/settings/inboxes/channels/form/", given)
    assert refused.status_code == 422 and "mails_through" in refused.context["form"].errors, "nobody could be answered"
    answer = client.post("/settings/inboxes/channels/form/", {**given, "inbox-mails_through": inbox.pk})
    assert answer.status_code == 302, answer.content
    account = ChannelAccount.objects.get()
    assert account.config["questions"] == ["Order number *", "Product: Bike | Scooter"]
    page = client.get(answer["Location"]).content.decode()
    assert f"/form/{account.key}/" in page and "&lt;iframe" in page and "Product: Bike | Scooter" in page
    assert f"/form/{account.key}/frame.js" in page and " inert>" in page, "what is shown there is not to be sent"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 81), ("frame_theme", "blue"), ("allowed_origins", "shop.example"), ("allowed_origins", "*"),
        ("consent_url", "javascript:alert(1)"), ("questions", "\n".join("abcdefghi")),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_at_its_field(field: str, value: str) -> None:
    form = WebFormForm({"title": "Write to us", field: value})
    assert not form.is_valid() and field in form.errors


def test_questions_say_whether_they_must_be_answered_and_what_may_be_chosen() -> None:
    asked = [Question(line) for line in ("Order: which one? *", "Product: Bike | Scooter*", "Anything else")]
    assert [(one.words, one.choices, one.is_required) for one in asked] == [
        ("Order: which one?", [], True), ("Product", ["Bike", "Scooter"], True), ("Anything else", [], False),
    ]  # fmt: skip


# ---------------------------------------------------------------------- reading what was kept

_ACCOUNT = Account(1, "", {}, {}, {})
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    max_leaves=8,
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("id", "thread", "email", "name", "text", "answers", "files"), _anything)
    )
)
def test_reading_raises_nothing_but_unreadable(told: dict[str, Any]) -> None:
    try:
        (said,) = CHANNEL.parse(_ACCOUNT, json.dumps(told).encode())
    except Unreadable:
        return
    assert said.identifier and said.thread  # type: ignore[union-attr]
