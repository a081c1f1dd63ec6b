"""An invitation to a meeting is shown as one, whichever program wrote the calendar file."""

# ruff: noqa: E501 - calendar files have long lines
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tickets.channels.email.mails import multipart
from tickets.channels.email import invitations
from tickets.channels.email.parsing import Address, parse

OUTLOOK_ZONE = (
    "BEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\n"
    "BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n"
    "BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\n"
    "END:VTIMEZONE\n"
)


def calendar(*lines: str, zone: str = "", method: str = "METHOD:REQUEST\n") -> bytes:
    event = "\n".join(lines)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{method}{zone}BEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n".encode()


def test_an_invitation_is_read_and_kept_as_a_file():
    content = calendar(
        "UID:1",
        "SUMMARY:Review\\, with lunch",
        "DTSTART:20260203T130500Z",
        "DTEND:20260203T140000Z",
        'ORGANIZER;CN="Agent: Ana";ROLE=CHAIR:mailto:ana@desk.test',
        "LOCATION:Room 7\\nsecond floor",
        "DESCRIPTION:long",
        "BEGIN:VALARM",
        "SUMMARY:Alarm",
        "TRIGGER:-PT15M",
        "END:VALARM",
    )
    raw = multipart(
        "Content-Type: text/plain\n\nMeet",
        b"Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n" + content,
        kind="alternative",
    )
    read = parse(raw)
    assert read.invitation == invitations.Invitation(
        method="REQUEST",
        summary="Review, with lunch",
        start=datetime(2026, 2, 3, 13, 5, tzinfo=UTC),
        end=datetime(2026, 2, 3, 14, 0, tzinfo=UTC),
        location="Room 7 second floor",
        organiser=Address("Agent: Ana", "ana@desk.test"),
    )
    assert read.marks == ("invitation",)
    assert [(one.filename, one.content.strip()) for one in read.attachments] == [("invitation.ics", content.strip())]


@pytest.mark.parametrize(
    ("start", "zone", "expected"),
    [
        ("DTSTART;TZID=Europe/Berlin:20260203T140500", "", datetime(2026, 2, 3, 13, 5, tzinfo=UTC)),
        ("DTSTART;TZID=Europe/Berlin:20260703T140500", "", datetime(2026, 7, 3, 12, 5, tzinfo=UTC)),
        ('DTSTART;TZID="/mozilla.org/20250126_1/Europe/Berlin":20260203T140500', "", datetime(2026, 2, 3, 13, 5, tzinfo=UTC)),
        ("DTSTART;TZID=W. Europe Standard Time:20260203T140500", OUTLOOK_ZONE, datetime(2026, 2, 3, 13, 5, tzinfo=UTC)),
        ("DTSTART;TZID=W. Europe Standard Time:20260703T140500", OUTLOOK_ZONE, datetime(2026, 7, 3, 12, 5, tzinfo=UTC)),
        ("DTSTART;TZID=W. Europe Standard Time:20260329T010000", OUTLOOK_ZONE, datetime(2026, 3, 29, 0, 0, tzinfo=UTC)),
        ("DTSTART;TZID=W. Europe Standard Time:20260329T040000", OUTLOOK_ZONE, datetime(2026, 3, 29, 2, 0, tzinfo=UTC)),
        ("DTSTART;TZID=Nowhere:20260203T140500", "", datetime(2026, 2, 3, 14, 5, tzinfo=UTC)),
        ("DTSTART:20260203T140500", "X-WR-TIMEZONE:America/New_York\n", datetime(2026, 2, 3, 19, 5, tzinfo=UTC)),
        ("DTSTART:20260203T140500", "", datetime(2026, 2, 3, 14, 5, tzinfo=UTC)),
        ("DTSTART;VALUE=DATE:20260203", "", date(2026, 2, 3)),
        ("DTSTART:2026", "", None),
        ("DTSTART:20261345T990000Z", "", None),
    ],
)  # fmt: skip
def test_a_moment_is_read_in_the_zone_it_names(start, zone, expected):
    found = invitations.read(calendar(start, zone=zone))
    assert found is not None
    assert found.start == expected
    assert not isinstance(found.start, datetime) or found.start.tzinfo is not None


@pytest.mark.parametrize(
    ("duration", "end"),
    [
        ("PT1H30M", datetime(2026, 2, 3, 14, 30, tzinfo=UTC)),
        ("P1DT2H", datetime(2026, 2, 4, 15, 0, tzinfo=UTC)),
        ("P1W", datetime(2026, 2, 10, 13, 0, tzinfo=UTC)),
        ("an hour", None),
    ],
)
def test_an_event_may_say_how_long_it_lasts(duration, end):
    found = invitations.read(calendar("DTSTART:20260203T130000Z", f"DURATION:{duration}"))
    assert found is not None
    assert found.end == end


@pytest.mark.parametrize("method", ["CANCEL", "REPLY", "COUNTER", "PUBLISH"])
def test_the_method_is_told(method):
    found = invitations.read(calendar("SUMMARY:x", method=f"METHOD:{method}\n"))
    assert found is not None
    assert found.method == method


def test_the_method_may_stand_in_the_content_type_alone():
    raw = multipart(b"Content-Type: text/calendar; method=cancel\n\n" + calendar("SUMMARY:x", method=""))
    assert parse(raw).invitation.method == "CANCEL"


def test_a_calendar_file_without_a_method_invites_nobody():
    raw = multipart(
        "Content-Type: text/plain\n\nSee",
        b"Content-Type: text/calendar; name=x.ics\n\n" + calendar("SUMMARY:x", method=""),
    )
    read = parse(raw)
    assert (read.invitation.summary, read.marks) == ("x", ())


def test_a_calendar_sent_as_any_file_is_read_by_its_name():
    raw = multipart(b"Content-Type: application/octet-stream; name=meet.ics\n\n" + calendar("SUMMARY:x"))
    assert parse(raw).marks == ("invitation",)


def test_folded_lines_and_the_first_of_several_events_are_read():
    content = calendar("SUMMARY:A long\n  title", "END:VEVENT", "BEGIN:VEVENT", "SUMMARY:Another")
    found = invitations.read(content.replace(b"\n", b"\r\n"))
    assert found is not None
    assert found.summary == "A long title"


@pytest.mark.parametrize(
    "content", [b"", b"BEGIN:VCALENDAR", b"BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VTODO", b"\xff\xfe\x00"]
)
def test_what_holds_no_event_is_no_invitation(content):
    assert invitations.read(content) is None


PIECES = [
    "BEGIN:VEVENT", "END:VEVENT", "BEGIN:", "DTSTART;TZID=W. Europe Standard Time:20260329T010000", "DTEND:00010101T000000Z",
    "DURATION:P99999D", "DTSTART:99991231T235959", "RRULE:FREQ=YEARLY;BYDAY=-9SU;BYMONTH=13", "TZOFFSETTO:+9999", "TZOFFSETTO:-0130",
    "BEGIN:STANDARD", "BEGIN:VTIMEZONE", "TZID:W. Europe Standard Time", "END:VTIMEZONE", "END:STANDARD", "ORGANIZER;CN=\ud83d:mailto:", ":", ";", " ", "RRULE:=;=;BYDAY=5SU;BYMONTH=2",
    "DTSTART:00010101T000000", "DTSTART:16010229T000000", "X-WR-TIMEZONE:../../etc/passwd",
]  # fmt: skip


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=30))
def test_any_calendar_is_read(lines):
    content = "\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", *lines]).encode("utf-8", "surrogatepass")
    found = invitations.read(content)
    assert found is not None
    (found.summary + found.location + found.method).encode()


def test_t38_a_calendar_of_any_size_is_read_as_far_as_it_is_shown():
    found = invitations.read(calendar("SUMMARY:" + "x" * 2_000_000, "DTSTART:20260203T130000Z"))
    assert found is not None
    assert len(found.summary) == 1000
