"""The web form in a frame on somebody's shop: no taller than it need be, and what is wrong with it in sight."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from helpdesk.models import Team
from tests.journeys.conftest import House, Seat, soon
from tickets.models import ChannelAccount, Inbox, Ticket

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(house: House, team: Team, inbox: Inbox) -> Iterator[str]:
    """A page elsewhere that shows the form below a screen of words, and allows our address and nothing else."""
    contact = Inbox.objects.create(name="Contact", channel="form", mails_through=inbox)
    contact.teams.add(team)
    account = ChannelAccount.objects.create(inbox=contact, kind="form")
    form = f"{house.address}/form/{account.key}/"
    policy = f"default-src 'none'; script-src {house.address}; frame-src {house.address}"
    body = (
        f'<!doctype html><html lang="en"><title>Shop</title><h1>Lamps</h1>{"<p>Words.</p>" * 20}'
        f'<iframe src="{form}?embed=1" title="Write to us" width="100%" height="860"></iframe>'
        f'<script src="{form}frame.js" async></script>{"<p>More words.</p>" * 40}'
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://localhost:{server.server_port}"
    account.config = {"allowed_origins": [address]}
    account.save()
    yield address
    server.shutdown()
    server.server_close()


def test_a_form_in_a_frame_is_as_tall_as_it_need_be_and_shows_what_is_wrong(
    shop: str, sit: Callable[..., Seat], look: Callable[[Page, str], None]
) -> None:
    seat = sit()
    seat.expected.append("422")
    page = seat.page
    page.goto(shop)
    inside = page.frame_locator("iframe")
    page.locator("iframe").scroll_into_view_if_needed()
    expect(inside.get_by_role("heading", name="Write to us")).to_be_visible()

    def fits() -> bool:
        tall, shown = inside.locator("html").evaluate("(one) => [one.scrollHeight, innerHeight]")
        return bool(tall == shown and shown != 860)

    soon(page, fits)
    look(page, "form-frame")
    page.wait_for_timeout(2100)  # nobody writes faster
    inside.get_by_role("button", name="Send").click()
    errors = inside.get_by_role("alert").filter(has_text="Not sent yet")
    expect(errors).to_be_focused()
    expect(errors).to_be_in_viewport()
    soon(page, fits)
    look(page, "form-frame-errors")
    inside.get_by_label("Your e-mail address").fill("dora@customer.example")
    inside.get_by_label("What is it about?").fill("My parcel")
    inside.get_by_label("Your message").fill("Where is it?")
    inside.get_by_role("button", name="Send").click()
    expect(inside.get_by_role("heading", name="Thank you")).to_be_in_viewport()
    soon(page, fits)
    soon(page, lambda: Ticket.objects.exists())
