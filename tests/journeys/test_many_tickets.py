"""Ana sorts ten tickets at once while Chloe watches the same list: it is done, seen, and taken back."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import expect

from helpdesk.models import Agent
from tests.conftest import mail
from tests.journeys.test_for_everybody import wrong
from tickets.models import Ticket
from tickets.operations import list_looks

pytestmark = pytest.mark.journey


def test_ten_tickets_are_tagged_seen_by_a_colleague_and_taken_back(
    sit: Callable[..., Any], send_mail_in: Callable[..., Any], ana: Agent, chloe: Agent
) -> None:
    for number in range(10):
        send_mail_in(mail(f"c{number}@x.example", f"Matter {number}", "Hello", Message_ID=f"<{number}@x.example>"))
    mine, hers = sit(ana).page, sit(chloe).page
    for page in (mine, hers):
        page.goto("/?view=open")
        expect(page.locator("#rows .row")).to_have_count(10)
        expect(page.locator("html")).to_have_attribute("data-live", "on")

    # three keys: select, select up to there, and the act
    mine.keyboard.press("j")
    mine.keyboard.press("x")
    for _ in range(9):
        mine.keyboard.press("j")
    mine.keyboard.press("Shift+x")
    expect(mine.locator("[data-bulk-count]")).to_have_text("10 selected")
    mine.locator(".bulk-acts summary", has_text="Tag").click()
    mine.get_by_placeholder("refund").fill("Winter sale")
    mine.keyboard.press("Enter")
    expect(mine.locator(".toast")).to_contain_text("Tag winter sale: 10 tickets")
    expect(mine.locator("#rows .row .tag")).to_have_count(10)
    expect(mine.locator(".bulk-bar")).to_be_hidden()

    # she sees it without doing anything, and her list stays where it was
    expect(hers.locator("#rows .row .tag")).to_have_count(10)
    assert Ticket.objects.filter(tags__name="winter sale").count() == 10

    mine.locator(".toast [data-toast-undo]").click()
    expect(hers.locator("#rows .row .tag")).to_have_count(0)
    expect(mine.locator("#rows .row .tag")).to_have_count(0)
    assert not Ticket.objects.filter(tags__name="winter sale").exists()


def test_a_key_of_a_ticket_does_for_the_selected_what_it_does_for_one(
    sit: Callable[..., Any], send_mail_in: Callable[..., Any], ana: Agent
) -> None:
    for number in range(3):
        send_mail_in(mail(f"c{number}@x.example", f"Matter {number}", "Hello", Message_ID=f"<{number}@x.example>"))
    page = sit(ana).page
    page.goto("/?view=open")
    for key in ("j", "x", "j", "Shift+x", "a", "Enter"):  # the first that is offered is oneself
        page.keyboard.press(key)
    expect(page.locator("#toasts")).to_contain_text("2 tickets")
    assert Ticket.objects.filter(assignee=ana).count() == 2
    # the keys go on at the row that was chosen last
    second = page.locator("#rows .row").nth(1).locator(".row-link")
    expect(second).to_be_focused()
    for key in ("x", "k", "Shift+x", "p", "Escape"):
        page.keyboard.press(key)
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")  # Esc closed the menu, and nothing else
    for key in ("p", "h"):
        page.keyboard.press(key)
    expect(page.locator("#toasts")).to_contain_text("Priority high: 2 tickets")
    expect(page.locator("#rows .row").first.locator(".row-link")).to_be_focused()
    for key in ("x", "j", "Shift+x", "e"):
        page.keyboard.press(key)
    expect(page.locator("#toasts")).to_contain_text("Set to resolved: 2 tickets")
    page.keyboard.press("z")
    expect(page.locator("#toasts")).to_contain_text("Undone: 2 tickets")
    assert not Ticket.objects.filter(status="resolved").exists()


def test_a_list_is_narrowed_saved_and_put_on_top(
    sit: Callable[..., Any], send_mail_in: Callable[..., Any], ana: Agent
) -> None:
    send_mail_in(mail(Message_ID="<first@customer.example>"))
    page = sit(ana).page
    page.goto("/?view=open")
    page.get_by_role("link", name="Filter").click()
    page.get_by_role("button", name="Add a condition").click()
    third = page.get_by_role("group", name="Condition 3")
    with page.expect_response("**/views/new*"):
        third.get_by_label("What").select_option(label="Waiting")
    expect(third.get_by_placeholder("4 hours")).to_be_visible()
    third.evaluate("(group) => (group.dataset.until = 'drawn anew')")
    third.get_by_label("How").select_option(label="less than")
    expect(page.locator("[data-until]")).to_have_count(0)
    third.get_by_label("Value").fill("4 working hours")
    page.get_by_label("Name", exact=True).fill("Fresh")
    page.get_by_role("button", name="Save the view").click()
    expect(page.get_by_role("heading", name="Fresh")).to_be_visible()
    expect(page.locator("#rows .row")).to_have_count(1)
    link = page.locator("#views .view-link", has_text="Fresh")
    link.focus()
    key = page.locator("#views [data-view-key]", has_text="Fresh").get_attribute("data-view-key")
    is_kept = f"order={quote_plus(key or '')}%2C"
    with page.expect_response(lambda answer: (answer.request.post_data or "").startswith(is_kept)):
        for _ in range(page.locator("#views .view-link").count() - 1):
            link.press("Alt+ArrowUp")
    expect(page.locator("#views .view-link").first).to_contain_text("Fresh")
    page.reload()
    expect(page.locator("#views .view-link").first).to_contain_text("Fresh")


def test_lists_views_and_bars_are_for_everybody(
    sit: Callable[..., Any], send_mail_in: Callable[..., Any], ana: Agent
) -> None:
    for number in range(3):
        send_mail_in(mail(f"c{number}@x.example", f"Matter {number}", "Hello", Message_ID=f"<{number}@x.example>"))
    ana = list_looks.choose(ana, density="comfortable", columns=["inbox", "priority"], group_by="inbox", is_table=True)
    page = sit(ana).page
    faults: dict[str, list[str]] = {}
    page.goto("/?view=open")
    page.locator(".row-check").first.check(force=True)
    page.locator(".bulk-acts summary").first.click()
    faults["many"] = wrong(page)
    page.keyboard.press("Escape")
    page.locator(".list-settings summary").click()
    faults["list settings"] = wrong(page)
    for name, address in {
        "views": "/views/", "filter": "/views/new?where=status+is+open;+tag+any_of+a,+b;+assignee+any_of+me",
        "narrowed": "/?where=status+is+open", "unreadable": "/?where=colour+is+red",
    }.items():  # fmt: skip
        page.goto(address)
        faults[name] = wrong(page)
    assert {name: found for name, found in faults.items() if found} == {}
