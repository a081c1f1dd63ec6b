"""Few stars open a recovery, where the reviews' inbox says so."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from feedback import recovery_story
from feedback.models import Outcome, Recovery, RecoverySource, RecoveryState, ReviewRule
from feedback.operations import recovering
from helpdesk.models import Agent, Event, Team
from tests.tickets.channels.reviews.rig import ReviewsRig
from tickets import tasks
from tickets.models import ChannelAccount, Inbox, Ticket
from tickets.operations import merging

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def monday() -> Any:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def rig(team: Team) -> ReviewsRig:
    made = ReviewsRig()
    address, config, secrets = made.setting()
    made.inbox = Inbox.objects.create(name="Reviews", channel="reviews")
    made.inbox.teams.add(team)
    made.account = ChannelAccount.objects.create(
        inbox=made.inbox, kind="reviews", address=address, config=config, sealed=json.dumps(secrets)
    )
    return made


@pytest.fixture
def tell(rig: ReviewsRig, settle: Callable[[], None]) -> Callable[..., None]:
    def told(stars: int, **more: Any) -> None:
        event = {"type": "review", "source": "shop", "id": "r1", "stars": stars, "text": "So so", "author": "Dora"}
        assert rig.tell(event | more) == 200
        tasks.receive_posts()
        settle()

    return told


def rule(rig: ReviewsRig, **more: Any) -> ReviewRule:
    return ReviewRule.objects.create(inbox=rig.inbox, **{"up_to": 2, "since": MONDAY, **more})


def test_few_stars_open_one_with_its_owner_and_time(
    rig: ReviewsRig, tell: Callable[..., None], chloe: Agent, settle: Callable[[], None]
) -> None:
    rule(rig, owner=chloe, hours=4)
    tell(2)
    settle()
    kept = Recovery.objects.get()
    assert (kept.source, kept.owner, kept.ticket) == (RecoverySource.REVIEW, chloe, Ticket.objects.get())
    assert kept.due_at == MONDAY + timedelta(hours=4) and kept.customer == Ticket.objects.get().customer
    opened = Event.objects.get(verb="recovery.opened")
    assert (opened.facts["source"], opened.facts["score"]) == ("review", 2)


def test_three_stars_or_no_rule_open_none(rig: ReviewsRig, tell: Callable[..., None]) -> None:
    tell(1)
    rule(rig)
    tell(3, id="r2")
    assert not Recovery.objects.exists()


def test_a_review_from_before_the_rule_is_history(rig: ReviewsRig, tell: Callable[..., None]) -> None:
    rule(rig)
    tell(1, at="2025-11-02T10:00:00Z")
    assert Ticket.objects.exists() and not Recovery.objects.exists()


def test_who_gives_more_stars_takes_it_back_until_somebody_began(
    rig: ReviewsRig, tell: Callable[..., None], ana: Agent
) -> None:
    rule(rig)
    tell(1)
    tell(5, type="edited", version="2")
    kept = Recovery.objects.get()
    assert kept.is_closed and kept.outcome == Outcome.NOT_NEEDED
    tell(2, type="edited", version="3")
    kept = Recovery.objects.get()
    assert kept.state == RecoveryState.OPEN
    recovering.take_up(kept, actor=ana)
    tell(5, type="edited", version="4")
    assert not Recovery.objects.get().is_closed


def test_a_review_that_is_taken_back_needs_nobody(rig: ReviewsRig, tell: Callable[..., None]) -> None:
    rule(rig)
    tell(1)
    tell(1, type="deleted")
    assert Recovery.objects.get().is_closed


def test_the_inbox_says_it_on_a_page_of_its_settings(
    rig: ReviewsRig, inbox: Inbox, as_agent: Any, admin: Agent, chloe: Agent, monday: Any
) -> None:
    browser, url = as_agent(admin), f"/settings/inboxes/{rig.inbox.pk}/recovery/"
    page = browser.get(url).content.decode()
    assert "with 1 star" in page and "with 2 stars or fewer" in page
    assert browser.post(url, {"up_to": "2", "owner": chloe.pk, "hours": "8"}).status_code == 302
    kept = ReviewRule.objects.get()
    assert (kept.up_to, kept.owner, kept.hours, kept.since) == (2, chloe, 8, MONDAY)
    assert "up_to" in Event.objects.get(verb="inbox.changed").facts["fields"]
    monday.shift(timedelta(days=1))
    browser.post(url, {"up_to": "1", "hours": "8"})
    kept.refresh_from_db()
    assert (kept.up_to, kept.owner, kept.since) == (1, None, MONDAY)
    assert browser.post(url, {"up_to": "7", "hours": "8"}).status_code == 422
    assert browser.get(f"/settings/inboxes/{inbox.pk}/recovery/").status_code == 404


@pytest.fixture
def both(rig: ReviewsRig, tell: Callable[..., None], settle: Callable[[], None]) -> Ticket:
    """Two reviews of few stars by one customer, whose tickets were made one."""
    rule(rig)
    tell(1, text="Two weeks!")
    tell(2, id="r2", text="Broken, too")
    into, source = Ticket.objects.order_by("number")
    merging.merge(source, into=into, actor=None)
    settle()
    settle()
    return into


def test_two_bad_reviews_on_one_ticket_share_a_recovery_that_names_both(
    both: Ticket, as_agent: Any, ana: Agent
) -> None:
    kept = Recovery.objects.standing().get()
    assert kept.ticket == both and [one.text for one in recovery_story.reviews(kept)] == ["Two weeks!", "Broken, too"]
    page = as_agent(ana).get(kept.get_absolute_url()).content.decode()
    assert "1 star<" in page and "2 stars<" in page and "Two weeks!" in page and "Broken, too" in page
    assert "Another bad review is a matter of this recovery, too" in page
    assert "Opened because of 2 bad reviews" in as_agent(ana).get("/feedback/recoveries/").content.decode()


def test_it_is_taken_back_only_once_none_of_them_is_bad_any_more(both: Ticket, tell: Callable[..., None]) -> None:
    tell(5, type="edited", version="2")
    assert Recovery.objects.standing().count() == 1, "the other one is as bad as it was"
    tell(4, id="r2", type="edited", version="2")
    assert not Recovery.objects.standing().exists()
    assert set(Recovery.objects.values_list("outcome", flat=True)) == {Outcome.NOT_NEEDED}
    tell(1, type="edited", version="3")
    assert Recovery.objects.standing().get().ticket == both


def test_a_bad_review_after_all_was_over_opens_its_own(
    rig: ReviewsRig, tell: Callable[..., None], settle: Callable[[], None], ana: Agent
) -> None:
    rule(rig)
    tell(1)
    tell(5, id="r2")
    into, source = Ticket.objects.order_by("number")
    merging.merge(source, into=into, actor=None)
    settle()
    first = Recovery.objects.get()
    recovering.take_up(first, actor=ana)
    recovering.close(first, actor=None, outcome=Outcome.UNREACHABLE, done="Wrote twice")
    tell(1, id="r2", type="edited", version="2")
    second = Recovery.objects.standing().get()
    assert second != first and second.ticket == into and len(recovery_story.reviews(second)) == 1
    tell(5, type="edited", version="2")
    assert Recovery.objects.standing().get() == second
