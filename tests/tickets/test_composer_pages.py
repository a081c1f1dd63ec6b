"""The composer's addresses: drafts in the background, refusals that lose nothing, and what comes back to the page."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk import clock
from tests.conftest import mail
from tickets.models import Attachment, Draft, DraftFile, Message, OutgoingMail
from tickets.operations import drafting, enclosing, forwarding, replying, scheduling
from tickets.operations.drafting import Content
from tickets.operations.recipients import Chosen
from tickets.views import composing

DORA = "dora@customer.example"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(as_agent, ana):
    return as_agent(ana)


def save(client, ticket, kind="reply", **form):
    answer = client.post(f"/tickets/{ticket.pk}/drafts/{kind}/", form)
    return answer.status_code, answer.json()


def test_a_pause_saves_and_says_what_to_begin_from(client, ticket):
    status, first = save(client, ticket, text="Dear", once="k", version=0)
    assert (status, first) == (200, {"version": 1, "once": "k"})
    _status, second = save(client, ticket, text="Dear Dora", once="k", version=1)
    assert second["version"] == 2 and Draft.objects.get().text == "Dear Dora"
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert ">\nDear Dora</textarea>" in page and 'name="version" value="2"' in page


def test_an_older_window_is_given_the_newer_text(client, ticket):
    save(client, ticket, text="Newer", once="k", version=0)
    status, said = save(client, ticket, text="Older", once="other", version=0)
    assert status == 409 and said["outdated"]
    assert said["theirs"] == {"text": "Newer", "html": "", "version": 1, "once": "k"}


def test_suggested_recipients_are_no_choice_and_follow_the_conversation(client, ticket):
    save(client, ticket, text="Hi", once="k", version=0, to=DORA, cc="", bcc="", suggested=f"{DORA}|")
    assert Draft.objects.get().to is None
    save(client, ticket, text="Hi", once="k", version=1, to=DORA, cc="x@y.example", bcc="", suggested=f"{DORA}|")
    assert (Draft.objects.get().to, Draft.objects.get().cc) == ([DORA], ["x@y.example"])


def test_half_an_address_is_kept_too(client, ticket):
    status, _said = save(client, ticket, text="Hi", once="k", version=0, to="emil@", suggested=f"{DORA}|")
    assert status == 200 and Draft.objects.get().to == ["emil@"]


def test_tabs_of_one_form_do_not_mix(client, ticket):
    form = {"kind": "note", "text": "For Dora", "note_text": "For us", "once": "1", "note_once": "2", "to": DORA}
    assert client.post(f"/tickets/{ticket.pk}/reply", form, headers=HTMX).status_code == 200
    note = Message.objects.latest("pk")
    assert (note.kind, note.text) == ("note", "For us") and not OutgoingMail.objects.exists()


def test_a_kind_nobody_writes_is_not_found(client, ticket):
    assert client.post(f"/tickets/{ticket.pk}/drafts/poem/", {"text": "x"}).status_code == 404


def test_files_go_up_at_once_and_down_again(client, ticket, as_agent, chloe):
    picture = SimpleUploadedFile("p.png", b"\x89PNG\r\n\x1a\n..", "image/png")
    said = client.post(f"/tickets/{ticket.pk}/drafts/reply/files", {"files": picture, "inline": "1"}).json()
    assert [one["name"] for one in said["pictures"]] == ["p.png"] and said["version"] == 1 and "p.png" in said["html"]
    file = DraftFile.objects.get()
    url = f"/tickets/{ticket.pk}/draft-files/{file.pk}"
    shown = client.get(url)
    assert shown["Content-Type"] == "image/png" and "sandbox" in shown["Content-Security-Policy"]
    assert as_agent(chloe).get(url).status_code == 404, "a private draft is nobody else's"
    assert client.delete(url).json()["html"].strip() == ""
    assert not DraftFile.objects.exists()


def test_a_page_sent_as_a_picture_is_only_for_saving(client, ticket):
    upload = SimpleUploadedFile("p.png", b"<script>alert(1)</script>", "image/png")
    client.post(f"/tickets/{ticket.pk}/drafts/reply/files", {"files": upload})
    answer = client.get(f"/tickets/{ticket.pk}/draft-files/{DraftFile.objects.get().pk}")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_too_much_is_refused_in_words(client, ticket, settings):
    settings.MAIL_MAX_MB = 2
    upload = SimpleUploadedFile("big.bin", b"x" * 1_100_000)
    answer = client.post(f"/tickets/{ticket.pk}/drafts/reply/files", {"files": upload})
    assert answer.status_code == 409 and "at most 1 MB" in answer.json()["words"]


def test_only_the_files_the_page_showed_go_along(client, ticket):
    for name in ("seen.txt", "unseen.txt"):
        client.post(f"/tickets/{ticket.pk}/drafts/reply/files", {"files": SimpleUploadedFile(name, b"x")})
    seen = DraftFile.objects.get(filename="seen.txt")
    draft = Draft.objects.get()
    form = {"text": "Here", "once": draft.once, "version": draft.version, "draft_file": [seen.pk]}
    assert client.post(f"/tickets/{ticket.pk}/reply", form, headers=HTMX).status_code == 200
    assert [a.filename for a in Attachment.objects.all()] == ["seen.txt"]


def test_sending_offers_the_seconds_to_take_it_back(client, ticket, settings):
    settings.UNDO_SECONDS = 7
    before = clock.now()
    answer = client.post(f"/tickets/{ticket.pk}/reply", {"text": "It ships."}, headers=HTMX)
    toast = json.loads(answer["HX-Trigger"])["toast"]
    message = Message.objects.get(kind="reply")
    assert toast["seconds"] == 7 and toast["undo_url"].endswith(f"/messages/{message.pk}/withdrawal")
    assert (message.outgoing.deliveries.get().due_at - before).total_seconds() >= 7
    undone = client.post(toast["undo_url"], headers=HTMX)
    heard = json.loads(undone["HX-Trigger"])
    assert heard["composer"] == {"ticket": ticket.pk, "kind": "reply", "focus": True}
    assert "Taken back" in heard["toast"]["message"] and Draft.objects.get().text == "It ships."


def test_sending_now_what_was_for_later_can_be_taken_back_too(client, ticket, ana, settings):
    settings.UNDO_SECONDS = 7
    draft = drafting.save(ticket, actor=ana, kind="reply", content=Content("In good time."))
    scheduling.schedule(draft, actor=ana, at=clock.now() + timedelta(hours=1))
    answer = client.post(f"/tickets/{ticket.pk}/draft/{draft.pk}", {"act": "now"}, headers=HTMX)
    heard = json.loads(answer["HX-Trigger"])
    assert heard["toast"]["seconds"] == 7 and heard["composer"]["kind"] == "reply"
    assert client.post(heard["toast"]["undo_url"], headers=HTMX).status_code == 200
    assert (
        Draft.objects.get().text == "In good time."
        and not Message.objects.filter(kind="reply", withdrawn_at=None).exists()
    )


def test_with_no_seconds_there_is_no_undo(client, ticket, settings):
    settings.UNDO_SECONDS = 0
    answer = client.post(f"/tickets/{ticket.pk}/reply", {"text": "It ships."}, headers=HTMX)
    assert json.loads(answer["HX-Trigger"])["toast"]["undo_url"] == ""


@pytest.mark.parametrize("scripts", [True, False])
def test_what_was_not_seen_is_shown_before_it_is_sent(client, ticket, send_mail_in, scripts):
    seen = ticket.messages.get().pk
    raw = send_mail_in(mail(text="It came <b>!</b>", In_Reply_To="<first@customer.example>"))
    form = {"text": "It ships.", "seen": seen, "once": "k", "then": "resolve", "to": DORA}
    held = client.post(f"/tickets/{ticket.pk}/reply", form, headers=HTMX if scripts else {})
    page = held.content.decode()
    assert held.status_code == 409 and "It came &lt;b&gt;" in page
    assert f'value="{raw.said.pk} resolve"' in page
    if scripts:
        assert held["X-Composer"] == "held"
    else:
        assert "It ships.</textarea>" in page and 'name="once" value="k"' in page
    anyway = {**form, "anyway": f"{raw.said.pk} resolve"}
    assert client.post(f"/tickets/{ticket.pk}/reply", anyway, headers=HTMX).status_code == 200
    ticket.refresh_from_db()
    assert ticket.status == "resolved"


def test_a_refused_form_comes_back_as_it_was_sent(client, ticket):
    form = {"text": "It ships.", "to": "emil@", "cc": "gil@x.example", "note_text": "A note", "once": "k"}
    answer = client.post(f"/tickets/{ticket.pk}/reply", form)
    page = answer.content.decode()
    assert answer.status_code == 422 and "“emil@” is not an e-mail address." in page
    for part in ("It ships.</textarea>", "A note</textarea>", 'value="emil@"', 'value="gil@x.example"'):
        assert part in page


def test_a_time_typed_by_hand_is_of_the_agents_zone(client, ticket, ana):
    ana.zone = "Asia/Tokyo"
    ana.save()
    session = client.session
    session["zone"] = "Asia/Tokyo"
    session.save()
    at = (clock.now().replace(microsecond=0) + timedelta(days=2)).strftime("%Y-%m-%dT09:30")
    form = {"text": "Hi", "once": "k", "version": 0, "later": "other", "send_at_other": at}
    assert client.post(f"/tickets/{ticket.pk}/reply", form, headers=HTMX).status_code == 200
    sent_at = Draft.objects.get().send_at
    assert sent_at and sent_at.strftime("%H:%M") == "00:30"


@pytest.mark.parametrize("at", ["", "soon", "2026-13-45T99:99", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_no_time_is_said_in_words_and_sends_nothing(client, ticket, at):
    form = {"text": "Hi", "once": "k", "version": 0, "later": "other", "send_at_other": at}
    answer = client.post(f"/tickets/{ticket.pk}/reply", form, headers=HTMX)
    assert answer.status_code == 409
    assert not Message.objects.filter(kind="reply").exists() and not Draft.objects.exclude(send_at=None).exists()


def test_the_times_offered_are_whole_and_to_come():
    from datetime import UTC, datetime

    monday = [words for words, _at in composing.presets(datetime(2026, 3, 2, 10, tzinfo=UTC))]
    assert monday == ["In 1 hour", "This afternoon, 15:00", "Tomorrow, 9:00", "Monday, 9:00"]
    sunday = composing.presets(datetime(2026, 3, 8, 20, tzinfo=UTC))
    assert [words for words, _at in sunday] == ["In 1 hour", "Tomorrow, 9:00"]
    assert sunday[1][1] == "2026-03-09T09:00:00+00:00"


def test_the_line_says_what_is_wrong(client, ticket):
    answer = client.post(f"/tickets/{ticket.pk}/recipients", {"to": "support@demo.localhost"})
    assert "our own address" in answer.content.decode()
    good = client.post(f"/tickets/{ticket.pk}/recipients", {"to": f"{DORA}, gil@x.example"}).content.decode()
    assert "Dora Diaz" in good and 'data-mark="new"' in good


def test_a_forward_remembers_which_files_go_along(client, ticket):
    message = ticket.messages.get()
    uploads = [replying.Upload(name, "text/plain", name.encode()) for name in ("a.txt", "b.txt")]
    replying.enclosing.put_on(message, uploads)
    a, b = message.attachments.order_by("pk")
    form = {"forward_text": "Look", "forward_once": "k", "forward_version": 0, "forward_answers": message.pk,
            "forward_subject": "Fwd: My order", "forward_attachment": [b.pk]}  # fmt: skip
    save(client, ticket, "forward", **form)
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert f'value="{b.pk}" checked' in page and f'value="{a.pk}" checked' not in page
    form |= {"forward_version": 1, "forward_to": "frida@maker.example"}
    assert client.post(f"/tickets/{ticket.pk}/forward", form, headers=HTMX).status_code == 200
    said = Message.objects.get(kind="forward")
    assert [one.filename for one in said.attachments.all()] == ["b.txt"]


def test_the_talk_aside_stands_apart_and_is_gone_through_with_it(client, ticket, ana):
    said = forwarding.forward(
        ticket, message=ticket.messages.get(), text="Look", to=Chosen(to=("frida@maker.example",)), actor=ana
    )
    page = client.get(f"/tickets/{ticket.pk}/").content.decode()
    assert f'id="talk-{said.side.pk}"' in page and "Dora Diaz does not see this" in page
    answer = client.get(f"/tickets/{ticket.pk}/?forward={said.pk}").content.decode()
    assert f'name="forward_answers" value="{said.pk}"' in answer
    assert 'name="forward_to" value="frida@maker.example"' in answer


def test_a_row_shows_ones_own_draft_only(client, as_agent, chloe, ticket, ana):
    drafting.save(ticket, actor=ana, kind="note", content=Content("Ask the courier"))
    assert "You have a draft here" in client.get("/").content.decode()
    assert "You have a draft here" not in as_agent(chloe).get("/").content.decode()


def test_the_page_asks_as_much_for_one_draft_as_for_many(client, ticket, ana, chloe, admin):
    def questions() -> int:
        counted = []
        for _time in range(4):  # what is remembered for some seconds is remembered anew, the first time or later
            with CaptureQueriesContext(connection) as asked:
                client.get(f"/tickets/{ticket.pk}/")
            counted.append(len(asked))
        return min(counted)

    upload = [replying.Upload("a.txt", "text/plain", b"a")]
    for kind in ("reply", "note", "forward"):
        enclosing.attach(ticket, actor=ana, kind=kind, uploads=upload)
    questions()  # looking once marks it as read
    few = questions()
    for agent in (chloe, admin):
        for kind in ("reply", "note", "forward"):
            drafting.save(ticket, actor=agent, kind=kind, content=Content("Words", is_shared=True))
    for kind in ("reply", "note", "forward"):
        enclosing.attach(ticket, actor=ana, kind=kind, uploads=upload * 3)
    assert questions() == few
