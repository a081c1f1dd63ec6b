"""The report about this moment: what comes in is counted while it is open, and what is being read stays in place."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_today_counts_what_comes_in_while_it_is_open(house: House, sit, chloe, inbox):  # type: ignore[no-untyped-def]
    page = sit(chloe).page
    page.goto("/reports/today/")
    new = page.locator("#tile-today_created .tile-figure")
    expect(new).to_have_text("0")
    page.locator("#chart-hours summary").click()
    page.evaluate("document.querySelector('#tile-waking').dataset.seen = 'yes'")
    house.write("Where is it?", "Hello, where is my parcel?")
    expect(new).to_have_text("1")
    # the table stays open, and what did not change is the same element as before
    expect(page.locator("#chart-hours details")).to_have_attribute("open", "")
    expect(page.locator("#tile-waking")).to_have_attribute("data-seen", "yes")
