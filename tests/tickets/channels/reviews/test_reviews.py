"""Reviews: read, edited, answered over there, and heard as the voice of the customer."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from feedback.models import Remark
from helpdesk.models import Agent, ApiToken, Team
from tests.tickets.channels.reviews.rig import ReviewsRig
from tickets import tasks
from tickets.channels.protocol import Account, Deleted, Edited, Said, Unreadable
from tickets.channels.reviews import CHANNEL, csv_file
from tickets.models import ChannelAccount, Conversation, Customer, Inbox, Message, RawMessage, RawState, Ticket

ACCOUNT = Account(1, "shop", {"name_there": "shop"}, {}, {})


def review(**more: Any) -> dict[str, Any]:
    return {
        "type": "review", "source": "shop", "id": "r1", "stars": 2, "title": "Late", "text": "Two weeks!",
        "author": "Dora Lind", "link": "https://reviews.example/1", "language": "en", **more,
    }  # fmt: skip


def parsed(**more: Any) -> Any:
    return CHANNEL.parse(ACCOUNT, json.dumps(review(**more)).encode())[0]


def test_a_review_is_public_and_has_its_stars() -> None:
    said = parsed()
    assert isinstance(said, Said) and said.is_public and said.facts == {"source": "shop", "stars": 2}
    assert (said.identifier, said.thread, said.subject, said.language) == ("shop r1", "shop r1", "Late", "en")


@pytest.mark.parametrize(("given_stars", "kept"), [(5, 5), ("4", 4), ("3,5", 4), (4.4, 4), (None, None), ("", None)])
def test_stars_are_from_one_to_five(given_stars: Any, kept: int | None) -> None:
    assert parsed(stars=given_stars).facts.get("stars") == kept


def test_stars_without_words_are_drawn() -> None:
    assert parsed(text="", title="", stars=3).text == "★★★☆☆"


def test_two_people_of_one_name_are_two_but_for_an_id_of_theirs() -> None:
    assert parsed().sender.address != parsed(id="r2").sender.address
    assert parsed(author_id="u1").sender.address == parsed(id="r2", author_id="u1").sender.address


def test_edits_deletions_and_answers_of_ours_are_told() -> None:
    assert isinstance(parsed(type="edited"), Edited) and isinstance(parsed(type="deleted"), Deleted)
    answer = parsed(type="answer", id="a1", review="r1")
    assert answer.is_ours and answer.thread == "shop r1"


@pytest.mark.parametrize(
    "wrong",
    [{"stars": 9}, {"stars": "many"}, {"id": ""}, {"source": None}, {"link": "javascript:alert(1)"}, {"type": "x"},
     {"stars": None, "text": "", "title": ""}],
)  # fmt: skip
def test_what_is_no_review_is_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        parsed(**wrong)


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(sorted(review())), anything))
def test_whatever_comes_is_a_review_or_unreadable(event: dict[str, Any]) -> None:
    try:
        CHANNEL.parse(ACCOUNT, json.dumps({**event, "type": "review"}).encode())
    except Unreadable:
        return


@pytest.fixture
def rig(team: Team) -> Iterator[ReviewsRig]:
    made = ReviewsRig()
    address, config, secrets = made.setting()
    made.inbox = Inbox.objects.create(name="Reviews", channel="reviews")
    made.inbox.teams.add(team)
    made.account = ChannelAccount.objects.create(
        inbox=made.inbox, kind="reviews", address=address, config=config, sealed=json.dumps(secrets)
    )
    yield made


@pytest.mark.django_db
def test_a_stale_or_forged_review_is_refused_and_a_repeated_one_is_kept_once(rig: ReviewsRig) -> None:
    assert rig.tell(review(), ago=400) == 401 and rig.forge() == 401
    assert rig.tell(review()) == 200 and rig.tell(review()) == 200
    assert RawMessage.objects.count() == 1


@pytest.mark.django_db
def test_a_review_is_a_remark_and_says_what_it_was_changed_to(rig: ReviewsRig, settle: Callable[[], None]) -> None:
    rig.tell(review())
    tasks.receive_posts()
    settle()
    remark = Remark.objects.get()
    assert (remark.source, remark.score, remark.tone, remark.text) == ("review", 2, -1, "Two weeks!")
    assert Customer.objects.get().language == "en"
    rig.tell(review(type="edited", stars=5, version="2"))  # the same words, other stars
    tasks.receive_posts()
    settle()
    remark.refresh_from_db()
    assert (remark.score, remark.tone) == (5, 1) and Remark.objects.count() == 1
    assert Message.objects.get().marks == ["edited"]


@pytest.mark.django_db
def test_an_answer_given_there_answers_it_here(rig: ReviewsRig) -> None:
    rig.tell(review())
    tasks.receive_posts()
    rig.tell(review(type="answer", id="a1", review="r1", text="Sorry!", stars=None))
    tasks.receive_posts()
    assert Ticket.objects.get().waiting_since is None and Conversation.objects.get().is_public
    assert set(RawMessage.objects.values_list("state", flat=True)) == {RawState.DONE}


# ---------------------------------------------------------------------- from a file

FILE = "Source;Review ID;Rating;Comment;Reviewer;URL;Date\nshop;r1;2;Two weeks!;Dora;https://reviews.example/1;2026-01-02\n"


def test_a_file_is_read_whatever_its_columns_are_called() -> None:
    found = csv_file.read(FILE + "shop;r2;9;;;;\n;r3;1;;;;\nshop;r1;1;Other words;;;\n", ACCOUNT)
    assert [event["id"] for event in found.events] == ["r1"] and [line for line, _why in found.problems] == [3, 4, 5]
    assert found.events[0]["at"] == "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "source\nshop\n", "source,id\n" + "s,1\n" * 2001])
def test_what_is_no_file_of_reviews_says_so(text: str) -> None:
    with pytest.raises(Unreadable):
        csv_file.read(text, ACCOUNT)


@given(st.text())
def test_any_text_is_a_file_of_reviews_or_unreadable(text: str) -> None:
    try:
        csv_file.read("source,id,stars,text\n" + text, ACCOUNT)
    except Unreadable:
        return


@pytest.mark.django_db
def test_a_file_is_looked_at_and_then_kept_once(rig: ReviewsRig, client: Client, admin: Agent) -> None:
    client.force_login(admin)
    url = reverse("settings_inboxes_reviews", args=[rig.inbox.pk])
    assert client.post(url, {}).status_code == 422
    bad = FILE + "shop;r2;9;;;;\n"
    page = client.post(url, {"file": SimpleUploadedFile("r.csv", bad.encode())}).content.decode()
    assert "1 review can be read in." in page and "Line 3" in page and not RawMessage.objects.exists()
    for _time in range(2):
        assert client.post(url, {"text": bad, "keep": "1"}).status_code == 302
    tasks.receive_posts()
    assert Message.objects.get().text == "Two weeks!" and RawMessage.objects.count() == 1
    page = client.post(url, {"text": FILE}).content.decode()
    assert "1 of them is here already" in page
    client.post(url, {"text": FILE.replace("Two weeks!", "Three weeks!"), "keep": "1"})
    tasks.receive_posts()
    assert Message.objects.get().text == "Three weeks!"


@pytest.mark.django_db
def test_programs_tell_of_reviews_and_of_what_became_of_them(rig: ReviewsRig, ana: Agent) -> None:
    _token, secret = ApiToken.objects.issue(ana, "shop", may_write=True)
    client = Client(headers={"authorization": f"Bearer {secret}"})
    url, told = f"/api/v1/inboxes/{rig.inbox.pk}/reviews/", {"source": "shop", "id": "r1", "stars": 1, "text": "Late."}
    for text, kept in (("Late.", 1), ("Late.", 0), ("Came.", 1)):
        answer = client.post(url, {"reviews": [{**told, "text": text}]}, content_type="application/json")
        assert (answer.status_code, answer.json()) == (202, {"kept": kept}), answer.content
    tasks.receive_posts()
    assert Message.objects.get().text == "Came."
    bad = client.post(url, {"reviews": [told, {"source": "shop", "id": "r2"}]}, content_type="application/json")
    assert bad.status_code == 400 and RawMessage.objects.count() == 2
