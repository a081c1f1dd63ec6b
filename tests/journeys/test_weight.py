"""What the first look at the queue costs on a slow line, and that nothing moves while it arrives."""

import gzip
from typing import Any

import pytest
from playwright.sync_api import Response, Route, expect

from tests.journeys.conftest import House

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

#: compressed, without pictures
MOST_BYTES = 150_000
SHIFT = """() => new Promise((done) => {
  let moved = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) moved += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(moved), 700);
})"""


def weighed(page: Any) -> list[tuple[int, str]]:
    """What comes over the line from now on: each answer's size, compressed, and its address."""
    found: list[tuple[int, str]] = []

    def weigh(response: Response) -> None:
        kind = response.headers.get("content-type", "")
        if response.status == 200 and not kind.startswith(("image/", "text/event-stream")):
            found.append((len(gzip.compress(response.body())), response.url))

    page.on("requestfinished", lambda request: weigh(request.response()))
    return found


def test_the_first_load_of_the_queue_is_light(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    for n in range(30):
        house.write(f"Matter {n}", f"Where is order {n}? " * 9, Message_ID=f"<{n}@customer.example>")
    page = sit(ana).page
    page.goto("/")
    expect(page.locator("#rows .row")).to_have_count(31)
    page = sit(ana, is_new=True).page
    found = weighed(page)
    page.route("**/live/*", lambda route: None)  # the mail that has just come is no part of the first look
    page.goto("/")
    page.wait_for_timeout(1500)
    total = sum(size for size, _url in found)
    assert len(found) > 5, "scripts and styles are among it"
    assert total <= MOST_BYTES, sorted(found, reverse=True)[:8]


@pytest.mark.parametrize("place", ["queue", "ticket"])
def test_nothing_moves_while_a_page_arrives(house: House, sit, ana, ticket, place):  # type: ignore[no-untyped-def]
    moved = []
    for _load in range(
        3
    ):  # a machine that stalls between two packets may draw half a page; our own pages move each time
        page = sit(ana, is_new=True).page
        page.goto("/" if place == "queue" else f"/tickets/{ticket.number}/")
        moved.append(page.evaluate(SHIFT))
        if moved[-1] <= 0.02:
            return
    raise AssertionError(f"it moved by {moved}")


PLACES = """() => [...document.querySelectorAll(":is(#header, #thread), :is(#header, #thread) > *, .ticket-acts")]
  .map((one) => [one.tagName, one.getBoundingClientRect()])
  .map(([name, { x, y, width }]) => [name, x, y, width].join(" "))"""


def test_a_ticket_of_which_the_end_has_yet_to_come_stays_where_it_is(house: House, sit, ana, ticket):  # type: ignore[no-untyped-def]
    """Where a line or a machine is slow, what has come of a page is drawn."""
    page = sit(ana).page

    def half(route: Route) -> None:
        answer = route.fetch()
        come, found, _rest = answer.text().partition('<aside class="panel')
        assert found
        route.fulfill(response=answer, body=come)

    page.route("**/tickets/*/", half)
    page.goto(f"/tickets/{ticket.number}/")
    before = page.evaluate(PLACES)
    page.unroute("**/tickets/*/")
    page.goto(f"/tickets/{ticket.number}/")
    assert len(before) >= 4 and page.evaluate(PLACES) == before
