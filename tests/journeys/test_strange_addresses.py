"""What stands behind the question mark of an address changes no script."""

import pytest

from tests.journeys.conftest import House

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PATHS = ("/", "/tickets/{ticket}/", "/intake/", "/settings/")
#: pages answer to the last three in another way
QUERIES = (
    "__proto__[x]=1&__proto__.x=1&constructor[prototype][x]=1&constructor.prototype.x=1",
    "view=__proto__&x=1", "after=__proto__", "part=constructor",
)  # fmt: skip


def test_t17_3_no_parameter_reaches_the_prototype_of_objects(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    page = sit(ana).page
    for path in PATHS:
        for query in QUERIES:
            answer = page.goto(f"{path.format(ticket=ticket.number)}?{query}#{query}")
            assert answer is not None and answer.status < 500
            assert page.evaluate("[({}).x, Object.prototype.x, [].x, ''.x]") == [None] * 4, (path, query)
