"""Holidays from a calendar file: whole days are found, shown, and kept where nothing stands yet."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import holiday_files
from helpdesk.holiday_files import Holiday, Unreadable
from helpdesk.models import Calendar, Event
from helpdesk.operations import holidays

SINCE = date(2026, 6, 1)


def ics(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\nUID:{n}\n{lines}\nEND:VEVENT\n" for n, lines in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def days(*events: str) -> list[str]:
    return [one.date.isoformat() for one in holiday_files.read(ics(*events), since=SINCE).days]


def test_a_whole_day_is_a_holiday_by_its_name():
    found = holiday_files.read(ics("DTSTART;VALUE=DATE:20261225\nSUMMARY:Christmas\\, day one"), since=SINCE)
    assert found.days == [Holiday(date(2026, 12, 25), "Christmas, day one")]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227", ["2026-12-25", "2026-12-26"]),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:P2D", ["2026-12-25", "2026-12-26"]),
        ("DTSTART;VALUE=DATE:20260531\nDTEND;VALUE=DATE:20260602", ["2026-06-01"]),
        ("DTSTART;VALUE=DATE:20260101", []),
        ("DTSTART;VALUE=DATE:20300101", []),
        ("DTSTART;VALUE=DATE:20261225\nSTATUS:CANCELLED", []),
        ("DTSTART;VALUE=DATE:20001225\nRRULE:FREQ=YEARLY", [f"{year}-12-25" for year in range(2026, 2030)]),
        ("DTSTART;VALUE=DATE:20201225\nRRULE:FREQ=YEARLY;COUNT=8", ["2026-12-25", "2027-12-25"]),
        ("DTSTART;VALUE=DATE:20201225\nRRULE:FREQ=YEARLY;UNTIL=20271225", ["2026-12-25", "2027-12-25"]),
        ("DTSTART;VALUE=DATE:20201225\nRRULE:FREQ=YEARLY;INTERVAL=4", ["2028-12-25"]),
        ("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY", ["2028-02-29"]),
        ("DTSTART;VALUE=DATE:20241128\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;UNTIL=20271231",
         ["2026-11-26", "2027-11-25"]),
        ("DTSTART;VALUE=DATE:20250526\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;UNTIL=20281231",
         ["2027-05-31", "2028-05-29"]),
        ("DTSTART;VALUE=DATE:20251231\nRRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=-1;UNTIL=20261231", ["2026-12-31"]),
        ("DTSTART;VALUE=DATE:20251225\nRRULE:FREQ=YEARLY;UNTIL=20281231\nEXDATE;VALUE=DATE:20271225",
         ["2026-12-25", "2028-12-25"]),
        ("DTSTART;VALUE=DATE:20260801\nRDATE;VALUE=DATE:20260803", ["2026-08-01", "2026-08-03"]),
    ],
)  # fmt: skip
def test_which_days_an_entry_means(event, expected):
    assert days(event) == expected


def test_an_entry_that_takes_the_place_of_one_of_a_series_does():
    moved = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY;COUNT=2\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID;VALUE=DATE:20271225\r\nDTSTART;VALUE=DATE:20271227\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"  # noqa: E501
    found = holiday_files.read(moved, since=SINCE)
    assert [one.date for one in found.days] == [date(2026, 12, 25), date(2027, 12, 27)]


def test_what_cannot_be_read_is_left_out_and_said():
    found = holiday_files.read(
        ics(
            "DTSTART:20261225T090000Z\nSUMMARY:A meeting",
            "DTSTART;VALUE=DATE:20261301\nSUMMARY:No such day",
            "DTSTART;VALUE=DATE:20260701\nRRULE:FREQ=DAILY\nSUMMARY:Every day",
            "DTSTART;VALUE=DATE:20260701\nRRULE:FREQ=YEARLY;BYSETPOS=1;BYDAY=MO\nSUMMARY:A riddle",
            "DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20280701\nSUMMARY:A sabbatical",
            "SUMMARY:Nothing",
            "DTSTART;VALUE=DATE:20260801\nSUMMARY:A day",
        ),
        since=SINCE,
    )
    assert [one.name for one in found.days] == ["A day"] and found.with_times == 1
    left_out = ["No such day", "Every day", "A riddle", "A sabbatical", "Nothing"]
    assert [why.partition(":")[0] for why in found.problems] == left_out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no calendar file"),
        (b"name,date\nChristmas,2026-12-25\n", "no calendar file"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "no calendar file"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\n", "no calendar file"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "no days"),
        (b"x" * (holiday_files.MOST_BYTES + 1), "500 KB"),
        (ics(*["DTSTART;VALUE=DATE:20260601"] * 2_001), "2,000"),
        (ics(*[f"DTSTART;VALUE=DATE:20{y}0701\nDTEND;VALUE=DATE:20{y}1001" for y in (26, 27, 28, 29)],
             *[f"DTSTART;VALUE=DATE:20{y}0101\nDTEND;VALUE=DATE:20{y}0331" for y in (27, 28, 29)]), "500 whole days"),
    ],
)  # fmt: skip
def test_files_that_are_none_are_refused_in_words(content, words):
    with pytest.raises(Unreadable, match=words):
        holiday_files.read(content, since=SINCE)


_LINES = st.sampled_from(
    ["DTSTART;VALUE=DATE:20261225", "DTSTART:20261225", "DTEND;VALUE=DATE:99991231", "RRULE:FREQ=YEARLY;INTERVAL=0",
     "RRULE:FREQ=YEARLY;COUNT=-1", "RRULE:", "RRULE:FREQ=YEARLY;BYMONTH=13;BYDAY=99XX", "EXDATE:x", "RDATE:",
     "DURATION:P", "BEGIN:VEVENT", "END:VEVENT", "RECURRENCE-ID;VALUE=DATE:20261225", "DTSTART;VALUE=DATE:99991231",
     "UID:\x00",
     "RRULE:FREQ=YEARLY;UNTIL=20261225T000000Z", "DTSTART;TZID=Mars/Olympus:20261225T000000", "RDATE;VALUE=PERIOD:x/y",
     "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]
)  # fmt: skip


@given(st.lists(_LINES, max_size=8))
def test_whatever_stands_in_a_file_it_is_read_or_refused(lines):
    try:
        found = holiday_files.read(ics("\n".join(lines)), since=SINCE)
    except Unreadable:
        return
    assert all(SINCE <= one.date <= date(2029, 12, 31) for one in found.days)


def file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("holidays.ics", content, "text/calendar")


@pytest.fixture
def shop(db) -> Calendar:
    made = Calendar.objects.create(name="Shop", zone="Europe/Berlin")
    made.versions.create(weekly={"mon": [["09:00", "17:00"]]})
    return made


def test_days_are_shown_first_and_kept_when_somebody_says_so(as_agent, admin, shop):
    shop.special_days.create(date=date(2099, 12, 24), name="Half a day", hours=[["09:00", "12:00"]])
    client, url = as_agent(admin), f"/settings/calendars/{shop.pk}/holidays/"
    assert url in client.get(f"/settings/calendars/{shop.pk}/").content.decode()
    yearly = ics("DTSTART;VALUE=DATE:20001225\nSUMMARY:Christmas <b>\nRRULE:FREQ=YEARLY")
    page = client.post(url, {"file": file(yearly)})
    assert page.status_code == 200 and page.content.decode().count("Christmas &lt;b&gt;") >= 3
    assert shop.special_days.count() == 1, "nothing is kept yet"
    answer = client.post(
        url, {"do": "keep", "day": ["2099-12-25 Christmas", "2099-12-24 Christmas Eve", "nonsense", "2099-13-01 x"]}
    )
    assert answer.status_code == 302
    assert list(shop.special_days.values_list("date", "name", "hours")) == [
        (date(2099, 12, 24), "Half a day", [["09:00", "12:00"]]), (date(2099, 12, 25), "Christmas", []),
    ]  # fmt: skip
    event = Event.objects.get(verb="calendar.changed")
    assert event.actor_id == admin.pk and event.facts["added"] == ["2099-12-25 Christmas"]


def test_adding_the_same_days_twice_is_adding_them_once(shop, admin):
    day = [Holiday(date(2099, 1, 1), "New Year")]
    assert [holidays.add(shop, day, actor=admin) for _ in range(2)] == [1, 0]
    assert Event.objects.filter(verb="calendar.changed").count() == 1


def test_a_bad_file_is_refused_beside_the_field(as_agent, admin, shop):
    answer = as_agent(admin).post(f"/settings/calendars/{shop.pk}/holidays/", {"file": file(b"no calendar")})
    assert answer.status_code == 422 and "This is no calendar file" in answer.content.decode()
