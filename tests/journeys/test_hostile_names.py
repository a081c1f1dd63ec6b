"""T17: names are text wherever they are shown: in pages, toasts, titles, lists, menus and reports."""

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from feedback.models import Survey
from helpdesk.models import Agent, ApiToken, Calendar, Team
from tests.canary import Canary, canary
from tests.journeys.conftest import House
from tickets.models import Attachment, CaughtMail, Customer, Inbox, Message, Ticket
from tickets.operations import replying, sorting
from tickets.operations.replying import Upload

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

#: pages that show names of things; more of them join as they come
PAGES = (
    "queue", "ticket", "intake_log", "mail_catcher", "settings_home", "settings_profile", "settings_tokens",
    "settings_agents", "settings_teams", "settings_calendars", "settings_inboxes", "settings_surveys", "reports",
    "report_definitions",
)  # fmt: skip


#: what must have been seen there
WHAT = "agent customer inbox team calendar subject sender text survey token note file caught recipient"


@pytest.fixture
def elsewhere() -> Iterator[Canary]:
    with canary() as found:
        yield found


def spoil(text: str, canary: Canary) -> str:
    """A name that is markup, an attribute's end, a template and a script address at once."""
    return f"{text}'\"><img src=//127.0.0.1:{canary.port}/{text} onerror=self.harmed=1>{{{{7*7}}}}"


def name_everything(hostile: Any, ticket: Ticket, ana: Agent, inbox: Inbox, team: Team, calendar: Calendar) -> None:
    """Give everything that has a name a hostile one."""
    Agent.objects.filter(pk=ana.pk).update(name=hostile("agent"))
    Customer.objects.filter(pk=ticket.customer_id).update(name=hostile("customer"))
    Inbox.objects.filter(pk=inbox.pk).update(name=hostile("inbox"))
    Team.objects.filter(pk=team.pk).update(name=hostile("team"))
    Calendar.objects.filter(pk=calendar.pk).update(name=hostile("calendar"))
    Ticket.objects.filter(pk=ticket.pk).update(subject=hostile("subject"), snippet=hostile("snippet"))
    Message.objects.filter(ticket=ticket).update(
        sender_name=hostile("sender"), subject=hostile("subject"), text=hostile("text"), cc=[hostile("copy")]
    )
    Survey.objects.create(name=hostile("survey"))
    ApiToken.objects.issue(Agent.objects.get(role="admin"), hostile("token"))
    files = [Upload("file.png", "image/png", b"no picture")]
    replying.add_note(ticket, text=hostile("note"), actor=Agent.objects.get(pk=ana.pk), files=files)
    Attachment.objects.update(filename=hostile("file"))
    sorting.tag(ticket, name="tag'\"><img src=//c>", actor=Agent.objects.get(pk=ana.pk))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "support@demo.localhost", "dora@customer.example", hostile("caught")
    mail.set_content(hostile("caughttext"))
    mail.add_alternative(f"<p>Hi</p><script>top.harmed=1</script>{hostile('caughthtml')}", subtype="html")
    CaughtMail.objects.create(recipients=[hostile("recipient")], content=mail.as_bytes(), subject=hostile("caught"))


def test_t17_1_a_name_is_a_name_on_every_page(
    house: House, sit: Any, ana: Agent, admin: Agent, ticket: Ticket, inbox: Inbox, team: Team, calendar: Calendar,
    elsewhere: Canary,
) -> None:  # fmt: skip
    name_everything(lambda text: spoil(text, elsewhere), ticket, ana, inbox, team, calendar)
    seat = sit(admin)
    seat.expected += ["Content Security Policy", "Blocked script", "404"]  # what a caught mail's frame refuses
    page = seat.page
    outside: list[str] = []
    ours = (house.address, "data:", elsewhere.url("/caughthtml"))  # the last is refused by that frame's policy
    page.on("request", lambda request: request.url.startswith(ours) or outside.append(request.url))
    page.on("dialog", lambda dialog: outside.append(dialog.message))
    addresses = [reverse(name, args=[ticket.number] if name == "ticket" else []) for name in PAGES]
    addresses += [
        reverse(f"settings_{kind}_edit", args=[pk])
        for kind, pk in (("agents", ana.pk), ("teams", team.pk), ("calendars", calendar.pk), ("inboxes", inbox.pk))
    ]
    seen = ""
    for address in addresses:
        page.goto(address)
        assert page.locator("[onerror], img[src*='127.0.0.1']").count() == 0, address
        assert page.evaluate("self.harmed") is None, address
        assert "49" not in page.title(), address
        seen += (
            page.title()
            + page.locator("body").inner_text()
            + " ".join(page.locator("input").evaluate_all("(all) => all.map((one) => one.value)"))
        )
    for what in WHAT.split():
        assert f"{what}'\"><img src=//127.0.0.1:{elsewhere.port}/{what} onerror=self.harmed=1>" in seen, what

    # toasts, menus and the browser's title, as acts bring them
    page.goto(ticket.get_absolute_url())
    assert "subject'\"><img" in page.title()
    page.keyboard.press("a")
    page.keyboard.type("agent")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").last).to_contain_text("agent'\"><img src=")
    page.keyboard.press("y")
    page.keyboard.type("<img src=x onerror=self.harmed=1>")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").last).to_contain_text("<img src=x")
    assert page.evaluate("self.harmed") is None
    assert (outside, elsewhere.visits) == ([], [])


def test_t15_a_caught_mail_does_nothing_either(house: House, sit: Any, admin: Agent, elsewhere: Canary) -> None:
    """What the mail catcher shows was sent by us, and may quote anybody."""
    url = elsewhere.url("/")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "support@demo.localhost", "dora@customer.example", "Re: My order"
    mail.set_content("Hello")
    mail.add_alternative(
        f"<p>Read me</p><script>top.harmed=1;alert(1)</script><img src='{url}a.png' onerror='alert(2)'>"
        f"<style>@import '{url}b.css';</style>"
        f"<form action='{url}'><button autofocus onfocus='alert(3)'>x</button></form>"
        f"<iframe src='{url}frame'></iframe><object data='{url}o'></object><svg onload='alert(4)'></svg>",
        subtype="html",
    )
    CaughtMail.objects.create(recipients=["dora@customer.example"], content=mail.as_bytes(), subject="Re: My order")
    seat = sit(admin)
    seat.expected += ["Content Security Policy", "sandboxed", "Blocked script", "Blocked form"]
    dialogs: list[str] = []
    seat.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    seat.page.goto("/mail-catcher/")
    expect(seat.page.frame_locator("iframe").get_by_text("Read me")).to_be_visible()
    caught = CaughtMail.objects.get()
    seat.page.goto(reverse("mail_catcher_html", args=[caught.pk]))  # in a window of its own
    expect(seat.page.get_by_text("Read me")).to_be_visible()
    assert seat.page.evaluate("self.harmed") is None
    assert (dialogs, elsewhere.visits) == ([], [])
