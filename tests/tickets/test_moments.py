"""Moments in words: what they mean, that they are still to come, and that what is shown reads back to itself."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.calendars import ALWAYS_OPEN, BusinessCalendar, CalendarVersion
from tickets import moments

BERLIN = "Europe/Berlin"
OFFICE = BusinessCalendar(
    zone=BERLIN, versions=(CalendarVersion(None, {day: ((time(8, 30), time(17)),) for day in range(5)}),)
)
#: a Thursday
NOW = datetime(2026, 3, 5, 10, 20, 30, tzinfo=ZoneInfo(BERLIN))


def read(words: str, now: datetime = NOW) -> str:
    at = moments.read(words, now=now, zone=BERLIN, calendar=OFFICE)
    return f"{at.astimezone(ZoneInfo(BERLIN)):%a %d.%m.%Y %H:%M}" if at else ""


@pytest.mark.parametrize(
    ("words", "means"),
    [
        ("tomorrow 9", "Fri 06.03.2026 09:00"),
        ("tomorrow", "Fri 06.03.2026 09:00"),
        ("Tomorrow at 4pm", "Fri 06.03.2026 16:00"),
        ("tomorrow afternoon", "Fri 06.03.2026 14:00"),
        ("tomorrow afternoon at 3", "Fri 06.03.2026 15:00"),
        ("morgen 9 Uhr", "Fri 06.03.2026 09:00"),
        ("morgen um 9 Uhr 30", "Fri 06.03.2026 09:30"),
        ("morgen früh", "Fri 06.03.2026 09:00"),
        ("übermorgen 14:15", "Sat 07.03.2026 14:15"),
        ("day after tomorrow", "Sat 07.03.2026 09:00"),
        ("in 3 working days", "Tue 10.03.2026 08:30"),
        ("in 3 Arbeitstagen", "Tue 10.03.2026 08:30"),
        ("next working day", "Fri 06.03.2026 08:30"),
        ("nächsten Werktag", "Fri 06.03.2026 08:30"),
        ("4 business hours", "Thu 05.03.2026 14:21"),
        ("in 8 Arbeitsstunden", "Fri 06.03.2026 09:51"),
        ("monday", "Mon 09.03.2026 09:00"),
        ("Mon 8:30", "Mon 09.03.2026 08:30"),
        ("on thursday", "Thu 12.03.2026 09:00"),
        ("am Montag um 15 Uhr", "Mon 09.03.2026 15:00"),
        ("nächsten Dienstag früh", "Tue 10.03.2026 09:00"),
        ("montagnachmittag", "Mon 09.03.2026 14:00"),
        ("Montag morgen", "Mon 09.03.2026 09:00"),
        ("next week", "Mon 09.03.2026 09:00"),
        ("nächste Woche", "Mon 09.03.2026 09:00"),
        ("next month", "Wed 01.04.2026 09:00"),
        ("this weekend", "Sat 07.03.2026 09:00"),
        ("3d", "Sun 08.03.2026 09:00"),
        ("3d 14:00", "Sun 08.03.2026 14:00"),
        ("in 2 weeks", "Thu 19.03.2026 09:00"),
        ("in einer Woche", "Thu 12.03.2026 09:00"),
        ("in a month", "Sun 05.04.2026 09:00"),
        ("4h", "Thu 05.03.2026 14:21"),
        ("in 90 minutes", "Thu 05.03.2026 11:51"),
        ("in zwei Stunden", "Thu 05.03.2026 12:21"),
        ("tonight", "Thu 05.03.2026 20:00"),
        ("tonight 9", "Thu 05.03.2026 21:00"),
        ("heute Abend um 21 Uhr", "Thu 05.03.2026 21:00"),
        ("later today", "Thu 05.03.2026 13:21"),
        ("today 15:00", "Thu 05.03.2026 15:00"),
        ("14:00", "Thu 05.03.2026 14:00"),
        ("9", "Fri 06.03.2026 09:00"),
        ("noon", "Thu 05.03.2026 12:00"),
        ("2026-12-24 14:00", "Thu 24.12.2026 14:00"),
        ("2026-12-24T14:00", "Thu 24.12.2026 14:00"),
        ("2026-12-24T14:00Z", "Thu 24.12.2026 15:00"),
        ("24.12.", "Thu 24.12.2026 09:00"),
        ("24.12.2026 um 14 Uhr", "Thu 24.12.2026 14:00"),
        ("24. Dezember", "Thu 24.12.2026 09:00"),
        ("Dec 24, 2pm", "Thu 24.12.2026 14:00"),
        ("1 March", "Mon 01.03.2027 09:00"),
        ("29 February", "Tue 29.02.2028 09:00"),
        ("Thursday 24 December 2026, 14:00", "Thu 24.12.2026 14:00"),
        ("Donnerstag, 24. Dezember 2026, 14:00", "Thu 24.12.2026 14:00"),
        ("heute 9", ""), ("2020-01-01", ""), ("31.2.", ""), ("25:00", ""), ("13pm", ""), ("", ""), ("in 3", ""),
        ("soon", ""), ("tomorrow banana", ""), ("99999 days", ""), ("2999-01-01", ""), ("0 days", ""),
    ],
)  # fmt: skip
def test_what_words_mean(words: str, means: str) -> None:
    assert read(words) == means


@pytest.mark.parametrize(
    ("words", "is_past"),
    [
        ("yesterday", True), ("gestern 9 Uhr", True), ("3 days ago", True), ("2020-01-01", True), ("today 9", True),
        ("tomorrow 9", False), ("never", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_past_is_told_from_what_nobody_understands(words: str, is_past: bool) -> None:
    assert moments.is_past(words, now=NOW, zone=BERLIN, calendar=OFFICE) is is_past


def test_working_days_without_business_hours_are_monday_to_friday() -> None:
    at = moments.read("in 2 working days", now=NOW, zone=BERLIN, calendar=ALWAYS_OPEN)
    assert at == datetime(2026, 3, 9, 9, tzinfo=ZoneInfo(BERLIN))


def test_who_asks_at_night_for_tonight_means_an_hour_from_now() -> None:
    assert read("tonight", NOW.replace(hour=21)) == "Thu 05.03.2026 22:21"


def test_a_calendar_that_never_opens_has_no_working_day() -> None:
    closed = BusinessCalendar(zone=BERLIN, versions=(CalendarVersion(None, {}),))
    assert moments.read("3 working days", now=NOW, zone=BERLIN, calendar=closed) is None


VOCABULARY = [
    "in", "at", "um", "next", "nächsten", "tomorrow", "morgen", "heute", "today", "tonight", "monday", "Freitag", "3",
    "9", "14:30", "2pm", "9 Uhr", "days", "Stunden", "hours", "Arbeitstagen", "working", "week", "weeks", "Monat", "3d",
    "4h", "2w", "24.12.", "2026-10-25", "25 October", "2:30", "früh", "afternoon", "noon", "month", "a", "-", ".", "29",
]  # fmt: skip
ZONES = [BERLIN, "UTC", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe"]
nows = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(words=st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=5), now=nows, zone=st.sampled_from(ZONES))
def test_a_moment_is_to_come_and_what_is_shown_reads_back_to_itself(words: list[str], now: datetime, zone: str) -> None:
    at = moments.read(" ".join(words), now=now, zone=zone, calendar=OFFICE)
    if at is None:
        return
    assert now < at <= now + moments.FURTHEST and at.second == at.microsecond == 0
    shown = moments.write(at, zone=zone)
    assert moments.read(shown, now=now, zone=zone, calendar=OFFICE) == at, shown


@given(minutes=st.integers(1, 3_000_000), now=nows, zone=st.sampled_from(ZONES))
def test_every_minute_to_come_can_be_said(minutes: int, now: datetime, zone: str) -> None:
    at = now.replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    if now < at <= now + moments.FURTHEST:
        assert moments.read(moments.write(at, zone=zone), now=now, zone=zone, calendar=OFFICE) == at


@given(text=st.text(max_size=100), now=nows)
def test_no_words_break_it(text: str, now: datetime) -> None:
    moments.read(text, now=now, zone=BERLIN, calendar=OFFICE)
