"""The mail catcher's page, when something is amiss. Its everyday is told in tests/journeys/test_live_pages.py."""

from email.message import EmailMessage

from tests.conftest import mail
from tickets.models import CaughtMail


def test_an_answer_nobody_takes_is_said_in_words(as_agent, admin, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    caught = CaughtMail.objects.create(
        envelope_from="support@demo.localhost", recipients=["dora@customer.example"], content=mail(), subject="My order"
    )
    page = as_agent(admin).post(f"/mail-catcher/{caught.pk}/", {"text": "Thanks"}, follow=True)
    assert page.status_code == 200 and "The mail server did not take it" in page.content.decode()


def test_it_is_for_admins_and_for_helpdesks_that_catch(as_agent, admin, ana, settings):
    assert as_agent(ana).get("/mail-catcher/").status_code == 403
    settings.MAIL_CATCHER = False
    assert as_agent(admin).get("/mail-catcher/").status_code == 404


def test_pictures_a_mail_brings_along_are_shown(as_agent, admin):
    sent = EmailMessage()
    sent["Subject"] = "Our week"
    sent.set_content("The chart")
    sent.add_alternative('<img src="cid:chart@report">', subtype="html")
    sent.get_payload()[1].add_related(b"PNG", "image", "png", cid="<chart@report>")
    caught = CaughtMail.objects.create(
        envelope_from="support@demo.localhost",
        recipients=["ana@demo.localhost"],
        content=bytes(sent),
        subject="Our week",
    )
    page = as_agent(admin).get(f"/mail-catcher/{caught.pk}/html")
    assert page.content.decode().strip() == '<img src="data:image/png;base64,UE5H">'
