"""Tickets are found by what they are about: in views, in searches, in the form that makes views."""

import pytest

from feedback.models import TicketTopic, Topic
from tickets import conditions, search_meaning, search_suggestions
from tickets.conditions import BadCondition
from tickets.models import Ticket


@pytest.fixture
def delivery(db) -> Topic:
    return Topic.objects.create(name="Delivery")


@pytest.fixture
def money(db) -> Topic:
    return Topic.objects.create(name="Money back")


@pytest.fixture
def three(inbox, dora, delivery, money) -> dict[str, Ticket]:
    """One about delivery, one about nothing anybody knows, and one that was looked at and is about none of them."""
    made = {
        name: Ticket.objects.create(inbox=inbox, customer=dora, subject=name) for name in ("late", "unknown", "neither")
    }
    TicketTopic.objects.create(ticket=made["late"], topic=delivery)
    TicketTopic.objects.create(ticket=made["neither"], topic=None, is_by_hand=True)
    return made


def found(three, line, agent) -> set[str]:
    these = conditions.narrow(Ticket.objects.all(), conditions.read(line), agent)
    return {name for name, ticket in three.items() if ticket.pk in set(these.values_list("pk", flat=True))}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("topic is Delivery", {"late"}),
        ("topic is deliv", {"late"}),
        ("topic is_not Delivery", {"unknown", "neither"}),
        ("topic any_of Delivery, Money back", {"late"}),
        ("topic none_of Delivery, Money back", {"unknown", "neither"}),
        ("topic set", {"late"}),
        ("topic not_set", {"unknown", "neither"}),
        ("topic is Money back", set()),
    ],
)
def test_a_view_asks_for_topics(three, ana, line, names):
    assert found(three, line, ana) == names


def test_a_topic_that_is_not_there_is_refused_in_words(delivery):
    with pytest.raises(BadCondition, match="there is no “weather”"):
        conditions.read("topic is weather")


def test_a_view_goes_on_when_its_topic_is_deleted(three, delivery, ana):
    kept = conditions.read("topic is Delivery")
    assert conditions.describe(kept[0], ana) == "Topic is Delivery"
    delivery.delete()
    assert "gone" in conditions.describe(kept[0], ana)
    assert not conditions.narrow(Ticket.objects.all(), kept, ana).exists()


def test_a_search_has_topics_as_qualifiers(three, ana):
    query = search_meaning.parse('topic:delivery topic:"money back" late', ana)
    assert [chip.why for chip in query.chips] == ["", ""]
    assert [one["is"] for one in query.conditions] == ["any_of"], "a ticket has one topic: two mean either"
    assert search_meaning.parse("topic:none", ana).conditions == [{"field": "topic", "is": "not_set"}]
    assert [one.label for one in search_suggestions.suggest("topic:mon", ana)] == ["topic:Money back"]
    assert "topic:" in [one.label for one in search_suggestions.suggest("top", ana)]


def test_the_form_of_a_view_offers_topics(as_agent, ana, three, delivery):
    page = as_agent(ana).get("/views/new", {"where": "topic is Delivery"}).content.decode()
    assert f'<option value="{delivery.pk}" selected>Delivery</option>' in page
