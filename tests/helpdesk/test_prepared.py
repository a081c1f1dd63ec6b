"""A prepared query answers as the queryset it was made of."""

from typing import Any

import pytest
from django.db.models import Q

from helpdesk.models import Agent, ApiToken, Team
from helpdesk.prepared import Prepared


def test_it_answers_as_its_queryset(ana: Agent, ben: Agent) -> None:
    by_team = Prepared(lambda place: Agent.objects.filter(teams__name=place(str), is_active=True).order_by("name"))
    for team in ("Support", "Billing", "absent", "%' OR 1=1 --"):
        assert by_team(team) == list(Agent.objects.filter(teams__name=team))
    (found,) = by_team("Support")
    assert vars(found).keys() == vars(Agent.objects.get(pk=ana.pk)).keys() and found.email == ana.email


def test_values_go_to_their_places(ana: Agent, ben: Agent) -> None:
    either = Prepared(lambda place: Agent.objects.filter(Q(pk=place(int)) | Q(name=place(str)) | Q(role="lead")))
    assert set(either(ana.pk, ben.name)) == {ana, ben}
    assert either(0, ben.name) == [ben]


def test_a_related_row_comes_along(ana: Agent, django_assert_num_queries: Any) -> None:
    ApiToken.objects.issue(ana, "test")
    tokens = Prepared(lambda place: ApiToken.objects.filter(name=place(str)), related="agent")
    with django_assert_num_queries(1):
        (token,) = tokens("test")
        assert token.agent == ana and token.agent.email == ana.email


def test_what_django_converts_comes_converted(ana: Agent) -> None:
    Agent.objects.filter(pk=ana.pk).update(keys={"reply": "q"}, lists={"columns": ["tags"]})
    ApiToken.objects.issue(ana, "test")
    (token,) = Prepared(lambda place: ApiToken.objects.filter(name=place(str)), related="agent")("test")
    assert token.agent.keys == {"reply": "q"} and token.agent.lists == {"columns": ["tags"]}
    (found,) = Prepared(lambda place: Agent.objects.filter(name=place(str)))(ana.name)
    assert found.keys == {"reply": "q"}


def test_a_place_that_is_changed_on_its_way_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="place"):
        Prepared(lambda place: Team.objects.filter(name__contains=place(str)))("x")
