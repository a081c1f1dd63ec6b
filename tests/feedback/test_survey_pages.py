"""What customers, mail scanners and forgers find behind the links of a survey's mail."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import translation

from feedback import nonces
from feedback.models import Invitation, InvitationState, OptOut, ReasonCode, Response
from helpdesk import clock
from helpdesk.models import Agent, Event
from tests.feedback.conftest import nonce_of, open_and_answer
from tickets.models import Ticket

MARKED = 'value="{}" required checked'


def url(invitation: Invitation) -> str:
    return f"/s/{invitation.token}/"


def test_following_a_link_shows_the_page_with_that_score_chosen(asked: Invitation, phone: Client) -> None:
    page = phone.get(f"{url(asked)}?score=4")
    assert page.status_code == 200
    words = page.content.decode()
    assert MARKED.format(4) in words and words.count(" checked") == 1
    assert "How satisfied were you with the help you got?" in words and "very dissatisfied" in words
    assert "<script" not in words and "onload" not in words and "style=" not in words


@pytest.mark.parametrize("score", ["", "0", "6", "five", "1%00", "4444444444444"])
def test_a_link_with_no_such_score_chooses_none(asked: Invitation, phone: Client, score: str) -> None:
    page = phone.get(f"{url(asked)}?score={score}")
    assert page.status_code == 200 and " checked" not in page.content.decode()


def test_a_scanner_costs_one_question_and_an_answer_few(
    asked: Invitation, phone: Client, django_assert_num_queries, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    nonce = nonce_of(phone.get(url(asked)))
    with django_assert_num_queries(1):
        phone.get(f"{url(asked)}?score=3")
    with django_assert_max_num_queries(10):
        assert phone.post(url(asked), {"score": 3, "nonce": nonce}).status_code == 302


def test_a_page_drawn_once_says_what_is_so_now_and_is_each_ones_own(asked: Invitation, phone: Client) -> None:
    assert "How satisfied were you" in phone.get(f"{url(asked)}?score=4").content.decode()
    asked.survey.question = "Were we <nice>?"
    asked.survey.save()
    inbox = asked.inbox
    inbox.sender_name = "Shoes & Co"
    inbox.save()
    Ticket.objects.filter(pk=asked.ticket_id).update(subject="“Shoes” <b>&</b> socks")
    words = phone.get(f"{url(asked)}?score=4").content.decode()
    assert "Were we &lt;nice&gt;?" in words and "Shoes &amp; Co" in words
    assert "“Shoes” &lt;b&gt;&amp;&lt;/b&gt; socks" in words and MARKED.format(4) in words
    other = Invitation.objects.create(
        survey=asked.survey, ticket=asked.ticket, customer=asked.customer, occasion_id=1, occasion_at=clock.now(),
        due_at=clock.now(), sent_at=asked.sent_at, expires_at=asked.expires_at, state="sent", language="en",
    )  # fmt: skip
    theirs = phone.get(f"{url(other)}?score=4")
    assert f'action="{url(other)}"' in theirs.content.decode() and asked.token not in theirs.content.decode()
    assert phone.post(url(asked), {"score": 4, "nonce": nonce_of(theirs)}).status_code == 409
    assert phone.post(url(other), {"score": 4, "nonce": nonce_of(theirs)}).status_code == 302


def test_scanners_that_fetch_every_link_record_nothing(asked: Invitation, phone: Client) -> None:
    for _scanner in range(5):
        for score in range(1, 6):
            assert phone.get(f"{url(asked)}?score={score}").status_code == 200
            head = phone.head(f"{url(asked)}?score={score}")
            assert head.status_code == 200 and head.content == b""
            phone.options(f"{url(asked)}?score={score}")
            phone.post(f"{url(asked)}?score={score}")
            phone.post(url(asked), {"score": score})
        phone.get(f"{url(asked)}thanks/")
    assert not Response.objects.exists()
    asked.refresh_from_db()
    assert asked.state == InvitationState.SENT
    assert not Event.objects.filter(verb="survey.answered").exists()


def test_reasons_that_come_with_the_product_are_in_the_customers_language(asked: Invitation, phone: Client) -> None:
    asked.survey.reasons.add(
        ReasonCode.objects.create(name="The answer took too long"), ReasonCode.objects.create(name="Frozen pipes")
    )
    Invitation.objects.filter(pk=asked.pk).update(language="de")
    words = phone.get(f"{url(asked)}?score=1").content.decode()
    assert "Die Antwort hat zu lange gedauert" in words and "Frozen pipes" in words


def test_pressing_the_button_records_and_thanks(asked: Invitation, phone: Client) -> None:
    done = open_and_answer(phone, asked, 5, "Lovely")
    assert done.status_code == 302 and done["Location"] == f"{url(asked)}thanks/"
    thanks = phone.get(done["Location"]).content.decode()
    assert "Thank you" in thanks and "very satisfied" in thanks and "Lovely" in thanks
    assert Response.objects.get().score == 5


def test_a_comment_can_be_added_on_the_thanks_page(asked: Invitation, phone: Client) -> None:
    open_and_answer(phone, asked, 2)
    thanks = phone.get(f"{url(asked)}thanks/")
    phone.post(url(asked), {"score": 2, "comment": "It took <b>weeks</b>.", "nonce": nonce_of(thanks)})
    response = Response.objects.get()
    assert (response.score, response.comment) == (2, "It took <b>weeks</b>.")
    assert "&lt;b&gt;weeks" in phone.get(f"{url(asked)}thanks/").content.decode()
    assert Event.objects.filter(verb="survey.answered").count() == 1


def test_a_forged_a_foreign_and_a_stale_nonce_record_nothing_and_keep_what_was_typed(
    asked: Invitation, phone: Client
) -> None:
    foreign = nonces.make(Invitation(pk=asked.pk + 1))
    for nonce in ("", "1:2:3", foreign):
        page = phone.post(url(asked), {"score": 1, "comment": "Slow", "nonce": nonce})
        assert page.status_code == 409
        words = page.content.decode()
        assert MARKED.format(1) in words and "Slow" in words and "send it again" in words
    stale = nonce_of(phone.get(url(asked)))
    with time_machine.travel(clock.now() + timedelta(days=2)):
        page = phone.post(url(asked), {"score": 1, "comment": "Slow", "nonce": stale})
        assert page.status_code == 409 and not Response.objects.exists()
        again = phone.post(url(asked), {"score": 1, "comment": "Slow", "nonce": nonce_of(page)})
        assert again.status_code == 302
    assert Response.objects.get().comment == "Slow"


def test_a_replay_from_elsewhere_is_one_response_and_the_last_score_counts(asked: Invitation, phone: Client) -> None:
    nonce = nonce_of(phone.get(url(asked)))
    for number in range(20):
        Client().post(url(asked), {"score": number % 5 + 1, "nonce": nonce})
    assert Response.objects.get().score == 5


def test_a_change_of_mind_counts_for_seven_days_and_then_gets_plain_words(asked: Invitation, phone: Client) -> None:
    open_and_answer(phone, asked, 1, "Broken")
    page = phone.get(url(asked)).content.decode()
    assert MARKED.format(1) in page and "Broken" in page and "You can change that until" in page
    open_and_answer(phone, asked, 4, "Works now")
    assert Response.objects.get().score == 4
    late_nonce = nonce_of(phone.get(url(asked)))
    with time_machine.travel(clock.now() + timedelta(days=7, minutes=1)):
        assert phone.get(url(asked)).status_code == 410
        page = phone.post(url(asked), {"score": 1, "nonce": late_nonce})
        assert page.status_code == 410 and "can no longer be changed" in page.content.decode()
        assert "textarea" not in phone.get(f"{url(asked)}thanks/").content.decode()
    assert Response.objects.get().score == 4


def test_without_a_choice_the_page_asks_for_one(asked: Invitation, phone: Client) -> None:
    nonce = nonce_of(phone.get(url(asked)))
    for score in ("", "0", "9", "x"):
        page = phone.post(url(asked), {"score": score, "comment": "Hm", "nonce": nonce})
        assert page.status_code == 422
        assert "Please choose one of the answers" in page.content.decode() and "Hm" in page.content.decode()
    page = phone.post(url(asked), {"score": 3, "comment": "x" * 5001, "nonce": nonce})
    assert page.status_code == 422 and "5000" in page.content.decode()
    assert not Response.objects.exists()


def test_an_unknown_token_is_not_found(phone: Client, db: None) -> None:
    for path in ("/s/nobody/", "/s/nobody/thanks/", "/s/nobody/unsubscribe/"):
        page = phone.get(path)
        assert page.status_code == 404 and "leads nowhere" in page.content.decode()
    assert phone.get("/s/%00/").status_code == 404


def test_the_token_of_a_mail_that_was_never_sent_is_not_found(invitation: Invitation, phone: Client) -> None:
    assert phone.get(url(invitation)).status_code == 404


def test_a_survey_that_ran_out_says_so(asked: Invitation, phone: Client) -> None:
    nonce = nonce_of(phone.get(url(asked)))
    with time_machine.travel(clock.now() + timedelta(days=31)):
        page = phone.get(url(asked))
        assert page.status_code == 410 and "This survey is over" in page.content.decode()
        assert phone.post(url(asked), {"score": 5, "nonce": nonce}).status_code == 410
    assert not Response.objects.exists()


def test_pages_are_kept_out_of_caches_search_engines_and_referrers(asked: Invitation, phone: Client) -> None:
    open_and_answer(phone, asked, 5)
    for path in ("", "thanks/", "unsubscribe/", "?score=1"):
        page = phone.get(url(asked) + path)
        assert page["Referrer-Policy"] == "no-referrer"
        assert "noindex" in page["X-Robots-Tag"]
        assert page["Cache-Control"] == "no-store"
        assert not page.cookies


def test_customers_need_no_cookies_and_other_sites_forms_are_stopped_by_the_nonce(asked: Invitation) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.get(url(asked))
    strict.cookies.clear()
    assert strict.post(url(asked), {"score": 5}, headers={"origin": "https://evil.example"}).status_code == 409
    assert strict.post(url(asked), {"score": 5, "nonce": nonce_of(page)}).status_code == 302


def test_pages_speak_the_customers_language(asked: Invitation, phone: Client) -> None:
    Invitation.objects.filter(pk=asked.pk).update(language="de")
    page = phone.get(f"{url(asked)}?score=5", headers={"accept-language": "en"})
    with translation.override("de"):
        best = str(asked.survey.scale[5])
    assert best in page.content.decode() and '<html lang="de"' in page.content.decode()
    assert page["Content-Language"] == "de"


def test_agents_do_not_rate_their_own_house(asked: Invitation, as_agent, ana: Agent, settings) -> None:  # type: ignore[no-untyped-def]
    signed_in = as_agent(ana)
    assert signed_in.get(url(asked)).status_code == 200  # a demo: everybody is everybody
    settings.MAIL_CATCHER = False
    assert signed_in.get(url(asked)).status_code == 403
    answer = signed_in.post(url(asked), {"score": 5, "nonce": nonces.make(asked)})
    assert answer.status_code == 403 and not Response.objects.exists()


def test_only_the_post_of_rfc_8058_unsubscribes(asked: Invitation) -> None:
    strict = Client(enforce_csrf_checks=True)
    path = f"{url(asked)}unsubscribe/"
    assert "Do not ask me again" in strict.get(path).content.decode()
    strict.head(path)
    assert strict.post(path).status_code == 200
    strict.post(path, {"List-Unsubscribe": "Maybe"})
    assert not OptOut.objects.exists()
    for _ in range(2):
        done = strict.post(path, {"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200 and not done.cookies
        assert "We will not ask you again" in done.content.decode()
    assert OptOut.objects.get().customer == asked.customer
    assert open_and_answer(Client(), asked, 4).status_code == 302, "who wants no more may still answer this one"
