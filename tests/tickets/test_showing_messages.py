"""What a message shows beside its words: why it is here, what to mind, when one is invited."""

from email.message import EmailMessage

from django.utils import timezone

from tests.conftest import mail
from tickets import timeline

ICS = b"""BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
SUMMARY:Look at the lamp
DTSTART:20260305T100000Z
DTEND:20260305T103000Z
LOCATION:Shop
ORGANIZER;CN=Dora Diaz:mailto:dora@customer.example
END:VEVENT
END:VCALENDAR
"""


def shown(ticket):
    return [entry.message for entry in timeline.of(ticket, timeline.said_on(ticket)) if entry.message]


def test_an_invitation_is_shown_as_one_in_the_readers_zone(db, send_mail_in, as_agent, ana):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "dora@customer.example", "support@demo.localhost", "Lamp"
    message.set_content("Please come.")
    message.add_attachment(ICS, maintype="text", subtype="calendar", params={"method": "REQUEST"}, filename="i.ics")
    said = send_mail_in(message.as_bytes()).said
    page = as_agent(ana).get(f"/tickets/{said.ticket_id}/").content.decode()
    assert "Look at the lamp" in page and "Shop" in page and "i.ics" in page
    with timezone.override("Europe/Berlin"):
        (message,) = shown(said.ticket)
    assert message.badges == ("invitation",)
    assert message.invitation.when == "March 5, 2026, 11 a.m. – 11:30 a.m."


def test_every_message_of_a_customer_says_why_it_is_there(ticket, send_mail_in, as_agent, ana):
    send_mail_in(mail(text="And?", In_Reply_To="<first@customer.example>", Message_ID="<2@x>"))
    whys = [message.why for message in shown(ticket)]
    assert "opened this ticket" in whys[0] and "answers a message" in whys[1]
    page = as_agent(ana).get(f"/messages/{ticket.messages.first().pk}/ticket").content.decode()
    assert "opened this ticket" in page and "Nobody checked" in page


def test_a_strangers_ticket_links_to_the_one_it_names(ticket, send_mail_in):
    said = send_mail_in(mail("s@x.test", In_Reply_To="<first@customer.example>", Message_ID="<s@x.test>")).said
    (message,) = shown(said.ticket)
    assert message.named == ticket.number and "takes no part" in message.warnings[0]


def test_putting_a_message_on_another_ticket_by_its_page(ticket, send_mail_in, as_agent, ana):
    said = send_mail_in(mail("s@x.test", In_Reply_To="<first@customer.example>", Message_ID="<s@x.test>")).said
    client = as_agent(ana)
    refused = client.post(f"/messages/{said.pk}/ticket", {"ticket": "999999"})
    assert refused.status_code == 409 and "no such ticket" in refused.content.decode()
    done = client.post(f"/messages/{said.pk}/ticket", {"ticket": f"#{ticket.number}"})
    assert done.status_code == 302 and done["Location"] == f"/tickets/{ticket.number}/#message-{said.pk}"
    assert ticket.messages.filter(pk=said.pk).exists()
