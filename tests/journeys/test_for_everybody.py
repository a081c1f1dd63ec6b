"""Pages that screen readers, keyboards and weak eyes can use: axe-core finds nothing wrong, in both themes."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.core.management import call_command
from playwright.sync_api import Page, expect

from feedback.models import Invitation, InvitationState, QualityReview, ReasonCode, Response, Survey
from feedback.operations import opening_recoveries, remarks
from helpdesk.models import Agent
from reports import pages
from tests.journeys.conftest import House, Seat
from tickets.models import Ticket
from tickets.notice_mail import off_url

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"color-contrast": {"enabled": False}},  # looked at below, in both themes
    "resultTypes": ["violations"], "selectors": False,
}  # fmt: skip
#: what is amiss, with the elements, and how many rules had nothing to object to: the rest is long, and nobody reads it
LOOK = """async (options) => {
  const found = await axe.run(options);
  const nodes = (all) => all.map((node) => ({ html: node.html.slice(0, 160) }));
  return { passes: found.passes.length, violations: found.violations.map((v) => ({ ...v, nodes: nodes(v.nodes) })) };
}"""
COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations", "passes"],
    "elementRef": True, "selectors": False,
}  # fmt: skip
#: a colour that is still on its way to another is neither
SETTLED = "document.getAnimations().forEach((one) => one instanceof CSSTransition && one.finish())"
#: axe-core's look at colours takes longer than all its others, and most words on a page are like those on the last:
#: the same elements with the same classes around them, which come to the same colours. Each is looked at until axe-core
#: let one just like it pass.
CONTRAST = """async ([options, known]) => {
  const passed = new Set(known.split(" ")), marks = new Map(), look = [];
  const decides = ["color", "backgroundColor", "backgroundImage", "opacity", "fontSize", "fontWeight", "textShadow",
    "filter", "mixBlendMode", "position", "zIndex"];
  const hash = (text) => {
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let i = 0; i < text.length; i++) {
      a = Math.imul(a ^ text.charCodeAt(i), 2654435761);
      b = Math.imul(b ^ text.charCodeAt(i), 1597334677);
    }
    return (a >>> 0).toString(36) + (b >>> 0).toString(36);
  };
  const mark = (element) => {
    if (!element) return "";
    if (!marks.has(element)) {
      const style = getComputedStyle(element), own = decides.map((name) => style[name]);
      const name = element.tagName + "." + element.getAttribute("class");
      marks.set(element, hash([mark(element.parentElement), name, ...own].join("|")));
    }
    return marks.get(element);
  };
  const speaks = (element) => element.matches("input, select, textarea")
    || [...element.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
  let alike = 0;
  for (const element of document.body.querySelectorAll("*"))
    if (speaks(element) && element.checkVisibility()) passed.has(mark(element)) ? alike++ : look.push(element);
  if (!look.length) return { alike, violations: [], passed: [] };
  const found = await axe.run({ include: look }, options);
  const nodes = found.passes.flatMap((rule) => rule.nodes);
  return {
    alike, passed: [...new Set(nodes.map((node) => mark(node.element)))],
    violations: found.violations.map((v) => ({ ...v, nodes: v.nodes.map((node) => ({ html: node.html })) })),
  };
}"""
#: what passed in this run, in either theme
PASSED: set[str] = set()


def wrong(page: Page) -> list[str]:
    """What axe-core objects to, with the elements; and what in the other theme, where only the colours differ."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    page.evaluate(SETTLED)
    found = page.evaluate(LOOK, RULES)
    assert found["passes"] > 10, "axe-core looked at nothing"
    here = colours(page)
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.emulate_media(color_scheme="light" if is_dark else "dark")
    other = colours(page)
    page.emulate_media(color_scheme="dark" if is_dark else "light")
    page.evaluate(SETTLED)
    return [
        f"{theme}{v['id']}: {v['help']}: {[node['html'][:160] for node in v['nodes'][:3]]}"
        for theme, violations in (("", found["violations"]), ("", here), ("in the other theme: ", other))
        for v in violations
    ]


def colours(page: Page) -> list[Any]:
    """What axe-core objects to in the colours of this theme."""
    page.evaluate(SETTLED)
    found = page.evaluate(CONTRAST, [COLOURS, " ".join(PASSED)])
    assert found["alike"] or found["passed"] or found["violations"], "axe-core saw no words"
    PASSED.update(found["passed"])
    return list(found["violations"])


def test_a_colour_too_pale_is_noticed_though_all_around_it_passed(sit: Callable[..., Seat]) -> None:
    page = sit().page
    page.goto("/accounts/login/")
    assert wrong(page) == []
    heading = page.get_by_role("heading").first
    heading.evaluate("(one) => { one.style.color = '#777'; one.parentElement.style.backgroundColor = '#888'; }")
    assert [one.partition(": ")[0] for one in wrong(page) if "color-contrast" in one] == [
        "color-contrast", "in the other theme",
    ]  # fmt: skip


def test_nothing_is_in_the_way(house: House, sit: Callable[..., Seat], inbox: Any, admin: Any) -> None:
    call_command("demo", tickets=120, verbosity=0)
    busy = Ticket.objects.filter(status="open", low_score__isnull=False).first() or Ticket.objects.latest("number")
    unanswered = Invitation.objects.filter(state=InvitationState.SENT).exclude(
        pk__in=Response.objects.values("invitation")
    )
    asked = unanswered.filter(customer__language="en").latest("pk")
    let_down = opening_recoveries.open_by_hand(busy, actor=None)
    said = remarks.note(text="The bill came twice.", inbox=busy.inbox, actor=admin, ticket=busy)
    colleague = Agent.objects.exclude(pk=admin.pk).latest("pk")
    drawn = QualityReview.objects.get_or_create(ticket=busy, agent=colleague)[0]

    page = sit().page
    page.goto("/accounts/login/")
    faults = {"sign-in": wrong(page)}
    page.goto("/accounts/password/reset/")
    faults["password reset"] = wrong(page)
    page.goto(f"/s/{asked.token}/?score=3")
    faults["survey"] = wrong(page)
    Survey.objects.filter(pk=asked.survey_id).update(kind="nps", asks_solved=True)
    asked.survey.reasons.add(ReasonCode.objects.create(name="It took too long"))
    page.goto(f"/s/{asked.token}/?score=3")
    expect(page.get_by_role("group", name="What was it about most?")).to_be_visible()
    page.get_by_role("radio", name="9", exact=True).check()
    expect(page.get_by_role("group", name="What was it about most?")).to_be_hidden()
    faults["recommendation"] = wrong(page)

    page.goto(off_url(admin))
    faults["no more mail"] = wrong(page)

    page = sit(admin).page
    for name, address in {
        "queue": "/", "ticket": f"/tickets/{busy.number}/",
        **{f"report {one.key}": f"/reports/{one.key}/?period=90" for one in pages.all_pages()},
        "saved": "/reports/saved/", "saving": "/reports/saved/new/",
        "annotations": "/reports/annotations/", "alarms": "/reports/alarms/",
        "definitions": "/reports/definitions/", "behind a number": "/reports/tickets/created/",
        "inboxes": "/settings/inboxes/", "one inbox": f"/settings/inboxes/{inbox.pk}/",
        "a survey": f"/settings/surveys/{asked.survey_id}/",
        "who was asked": "/feedback/askings/", "recoveries": "/feedback/recoveries/",
        "a recovery": f"/feedback/recoveries/{let_down.pk}/", "voice": "/feedback/voice/",
        "a remark": f"/feedback/voice/{said.pk}/", "writing a remark down": "/feedback/voice/new/",
        "complaints": "/feedback/complaints/", "quality": "/feedback/quality/",
        "a review": f"/feedback/quality/{drawn.pk}/", "timeline": f"/reports/customers/{let_down.customer_id}/",
        "customer": f"/customers/{let_down.customer_id}/", "account events": "/settings/account-events/",
        "retention": "/settings/retention/", "reasons": "/settings/reasons/", "topics": "/settings/topics/",
        "words on the rise": "/settings/topics/rising/",
        "notification defaults": "/settings/notifications/",
        "notifications of an inbox": f"/settings/you/notifications/inboxes/{inbox.pk}/",
        "catcher": "/mail-catcher/", "log": "/intake/",
    }.items():  # fmt: skip
        answer = page.goto(address)
        assert answer and answer.ok, address
        faults[name] = wrong(page)
    page.goto(f"/tickets/{busy.number}/")
    for key, name in (("?", "keys"), ("a", "assign"), ("t", "tags")):
        page.keyboard.press(key)
        expect(page.locator("dialog[open]")).to_have_count(1)
        faults[name] = wrong(page)
        page.keyboard.press("Escape")
    assert {name: found for name, found in faults.items() if found} == {}
