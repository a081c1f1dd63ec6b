"""Business hours: open seconds, due instants, versions, special days and clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.calendars import ALWAYS_OPEN, DAYS, BusinessCalendar, start_of_day

OFFICE = {day: [["09:00", "17:00"]] for day in DAYS[:5]}
LONDON = BusinessCalendar.from_config(
    {
        "zone": "Europe/London",
        "weekly": OFFICE,
        "holidays": ["2026-12-25", "2026-12-28"],
        "special": {"2026-12-24": [["09:00", "12:00"]]},
    }
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_friday_evening_counts_from_monday_morning():
    assert LONDON.seconds_between(at("2026-02-06T18:30:00+00:00"), at("2026-02-09T09:20:00+00:00")) == 1200


def test_an_answer_before_opening_took_no_time():
    assert LONDON.seconds_between(at("2026-02-07T13:00:00+00:00"), at("2026-02-08T13:30:00+00:00")) == 0


def test_holidays_are_closed_and_special_days_replace_the_week():
    assert LONDON.seconds_between(at("2026-12-24T11:15:00+00:00"), at("2026-12-29T10:05:00+00:00")) == 6600


def test_a_special_day_opens_a_holiday():
    calendar = BusinessCalendar.from_config(
        {"zone": "UTC", "weekly": OFFICE, "holidays": ["2026-12-25"], "special": {"2026-12-25": [["10:00", "11:00"]]}}
    )
    assert calendar.seconds_between(at("2026-12-25T00:00:00Z"), at("2026-12-26T00:00:00Z")) == 3600


def test_backwards_is_nothing():
    assert LONDON.seconds_between(at("2026-02-09T12:00:00Z"), at("2026-02-09T11:00:00Z")) == 0


def test_the_version_in_force_on_each_local_day_rules():
    calendar = BusinessCalendar.from_config(
        {
            "zone": "Europe/Berlin",
            "versions": [
                {"valid_from": "2026-03-03", "weekly": {day: [["10:00", "12:00"]] for day in DAYS}},
                {"valid_from": "2026-01-01", "weekly": {day: [["09:00", "17:00"]] for day in DAYS}},
            ],
        }
    )
    assert calendar.seconds_between(at("2026-03-02T00:00:00+01:00"), at("2026-03-04T00:00:00+01:00")) == 10 * 3600
    assert calendar.seconds_between(at("2025-12-31T00:00:00+01:00"), at("2026-01-01T00:00:00+01:00")) == 8 * 3600


def test_weekly_hours_beside_versions_hold_before_the_first():
    calendar = BusinessCalendar.from_config(
        {"zone": "UTC", "weekly": OFFICE, "versions": [{"valid_from": "2026-03-03", "weekly": {}}]}
    )
    assert calendar.seconds_between(at("2026-03-02T00:00:00Z"), at("2026-03-10T00:00:00Z")) == 8 * 3600
    assert calendar.opens_next(at("2026-03-03T00:00:00Z")) is None
    with pytest.raises(ValueError, match="does not open again"):
        calendar.due(at("2026-03-03T00:00:00Z"), 1)


def test_round_the_clock_follows_the_instants():
    calendar = BusinessCalendar.from_config(
        {"zone": "America/New_York", "weekly": {day: [["00:00", "24:00"]] for day in DAYS}}
    )
    assert calendar.seconds_between(at("2026-03-08T00:00:00-05:00"), at("2026-03-09T00:00:00-04:00")) == 23 * 3600
    assert ALWAYS_OPEN.seconds_between(at("2026-03-08T00:00:00-05:00"), at("2026-03-09T00:00:00-04:00")) == 23 * 3600


@pytest.mark.parametrize(
    ("hours", "day", "open_seconds"),
    [
        (["01:00", "03:00"], "2026-11-01", 3 * 3600),  # the hour that happens twice
        (["01:30", "02:30"], "2026-11-01", 2 * 3600),  # opens at the first 01:30, closes at the only 02:30
        (["00:00", "01:00"], "2026-11-01", 2 * 3600),  # closes at the second 01:00
        (["01:00", "03:00"], "2026-03-08", 3600),  # the hour that is skipped
        (["02:15", "05:00"], "2026-03-08", 2 * 3600),  # opens at the jump
        (["01:00", "02:45"], "2026-03-08", 3600),  # closes at the jump
        (["02:10", "02:50"], "2026-03-08", 0),  # never happens
        (["00:00", "24:00"], "2026-11-01", 25 * 3600),
    ],
)
def test_shifts_stretch_and_shrink_where_clocks_change(hours, day, open_seconds):
    calendar = BusinessCalendar.from_config({"zone": "America/New_York", "weekly": {"sun": [hours]}})
    start = start_of_day("America/New_York", date.fromisoformat(day))
    assert calendar.seconds_between(start, start + timedelta(days=2)) == open_seconds


def test_two_shifts_that_share_the_repeated_hour_count_it_once():
    calendar = BusinessCalendar.from_config(
        {"zone": "America/New_York", "weekly": {"sun": [["00:00", "01:30"], ["01:30", "03:00"]]}}
    )
    start = start_of_day("America/New_York", date(2026, 11, 1))
    assert calendar.seconds_between(start, start + timedelta(days=1)) == 4 * 3600


def test_a_day_whose_midnight_is_skipped_starts_at_the_jump():
    assert start_of_day("America/Sao_Paulo", date(2018, 11, 4)) == at("2018-11-04T01:00:00-02:00")


def test_due_walks_over_weekends_and_holidays():
    calendar = BusinessCalendar.from_config(
        {"zone": "Europe/Berlin", "weekly": OFFICE, "holidays": ["2026-04-03", "2026-04-06"]}
    )
    assert calendar.due(at("2026-04-02T15:10:00+02:00"), 14400) == at("2026-04-07T11:10:00+02:00")


def test_due_at_closing_is_that_day_and_not_the_next_opening():
    assert LONDON.due(at("2026-02-06T16:00:00Z"), 3600) == at("2026-02-06T17:00:00Z")


def test_open_and_opening_next():
    assert LONDON.is_open(at("2026-02-06T16:59:59Z"))
    assert not LONDON.is_open(at("2026-02-06T17:00:00Z"))
    assert LONDON.opens_next(at("2026-02-06T17:00:00Z")) == at("2026-02-09T09:00:00Z")
    assert LONDON.opens_next(at("2026-02-06T10:00:00Z")) == at("2026-02-06T10:00:00Z")
    assert ALWAYS_OPEN.opens_next(at("2026-02-06T10:00:00Z")) == at("2026-02-06T10:00:00Z")


def test_a_question_far_from_the_last_one_is_answered_all_the_same():
    calendar = BusinessCalendar.from_config({"zone": "UTC", "weekly": OFFICE})
    week = 5 * 8 * 3600
    for year in (2026, 1975, 2080):
        monday = date(year, 6, 1) + timedelta(days=-date(year, 6, 1).weekday())
        start = start_of_day("UTC", monday)
        assert calendar.seconds_between(start, start + timedelta(days=7)) == week
    assert calendar.due(at("2026-01-05T00:00:00Z"), week * 52 * 40) > at("2065-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"weekly": OFFICE}, "needs a time zone"),
        ({"zone": "Mars/Olympus", "weekly": OFFICE}, "not a known time zone"),
        ({"zone": "../etc/passwd", "weekly": OFFICE}, "not a known time zone"),
        ({"zone": "UTC", "weekly": {"funday": []}}, "not a weekday"),
        ({"zone": "UTC", "weekly": {"mon": [["17:00", "09:00"]]}}, "is not after opening"),
        ({"zone": "UTC", "weekly": {"mon": [["09:00", "09:00"]]}}, "is not after opening"),
        ({"zone": "UTC", "weekly": {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "overlap"),
        ({"zone": "UTC", "weekly": {"mon": [["09:00", "24:01"]]}}, "not a time of day"),
        ({"zone": "UTC", "weekly": {"mon": [["9 am", "17:00"]]}}, "not a time of day"),
        ({"zone": "UTC", "weekly": {"mon": ["09:00-17:00"]}}, "opening and a closing"),
        ({"zone": "UTC", "weekly": ["mon"]}, "Weekly hours"),
        ({"zone": "UTC", "weekly": OFFICE, "holidays": ["25/12"]}, "is not a day"),
        ({"zone": "UTC", "special": {"2026-01-01": [["10:00", "09:00"]]}}, "is not after opening"),
        ({"zone": "UTC", "versions": [{"valid_from": "2026-01-01"}, {"valid_from": "2026-01-01"}]}, "same day"),
        ({"zone": "UTC", "versions": ["2026"]}, "version"),
        ([], "an object"),
    ],
)
def test_bad_hours_are_refused_in_plain_words(config, sentence):
    with pytest.raises(ValueError, match=sentence):
        BusinessCalendar.from_config(config)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        LONDON.seconds_between(datetime(2026, 1, 1), datetime(2026, 1, 2))


# ---------------------------------------------------------------------- properties

ZONES = ("UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo")


@st.composite
def hours(draw: st.DrawFn) -> list[list[str]]:
    marks = sorted(draw(st.sets(st.integers(0, 96), min_size=0, max_size=6)))
    pairs = [(marks[i], marks[i + 1]) for i in range(0, len(marks) - 1, 2)]
    return [[f"{a // 4:02}:{a % 4 * 15:02}", f"{b // 4:02}:{b % 4 * 15:02}"] for a, b in pairs]


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    days = st.dates(date(2018, 10, 1), date(2018, 11, 30)).map(date.isoformat)
    weekly = st.fixed_dictionaries(dict.fromkeys(DAYS, hours()))
    return BusinessCalendar.from_config(
        {
            "zone": draw(st.sampled_from(ZONES)),
            "weekly": draw(weekly),
            "holidays": draw(st.lists(days, max_size=3)),
            "special": draw(st.dictionaries(days, hours(), max_size=3)),
            "versions": [{"valid_from": "2018-11-02", "weekly": draw(weekly)}] if draw(st.booleans()) else [],
        }
    )


moments = st.integers(0, 60 * 24 * 3600).map(lambda s: datetime(2018, 10, 2, tzinfo=UTC) + timedelta(seconds=s))


@given(calendars(), st.lists(moments, min_size=3, max_size=5))
def test_seconds_add_up_over_any_split(calendar, instants):
    instants.sort()
    whole = calendar.seconds_between(instants[0], instants[-1])
    assert whole == sum(calendar.seconds_between(a, b) for a, b in pairwise(instants))
    assert 0 <= whole <= (instants[-1] - instants[0]).total_seconds()


@given(calendars(), moments, st.integers(1, 400_000))
def test_due_is_the_inverse_of_counting(calendar, start, wanted):
    try:
        due = calendar.due(start, wanted)
    except ValueError:
        assert not calendar.versions[-1].ever_opens
        return
    assert calendar.seconds_between(start, due) == wanted
    assert calendar.seconds_between(start, due - timedelta(seconds=1)) == wanted - 1


@given(calendars(), moments)
def test_next_opening_is_open_and_nothing_is_before_it(calendar, start):
    opening = calendar.opens_next(start)
    if opening is None:
        assert calendar.seconds_between(start, start + timedelta(days=400)) == 0
        return
    assert calendar.is_open(opening)
    assert calendar.seconds_between(start, opening) == 0


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_counting_agrees_with_a_walk_through_every_minute_across_clock_changes(data):
    """The walk knows only what each minute's wall clock shows, not how zones work."""
    zone, change = data.draw(
        st.sampled_from(
            [
                ("America/New_York", date(2026, 3, 8)),
                ("America/New_York", date(2026, 11, 1)),
                ("Europe/London", date(2026, 3, 29)),
                ("Europe/London", date(2026, 10, 25)),
                ("Australia/Lord_Howe", date(2026, 4, 5)),
                ("Australia/Lord_Howe", date(2026, 10, 4)),
                ("America/Sao_Paulo", date(2018, 11, 4)),
                ("America/Sao_Paulo", date(2018, 2, 17)),
                ("Asia/Tokyo", date(2026, 5, 5)),
            ]
        )
    )
    weekly = {day: data.draw(hours()) for day in DAYS}
    calendar = BusinessCalendar.from_config({"zone": zone, "weekly": weekly})
    first = datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(days=2)
    minutes = [first + timedelta(minutes=i) for i in range(5 * 1440)]
    walls = [moment.astimezone(ZoneInfo(zone)) for moment in minutes]
    is_open = [False] * len(minutes)
    for day in dict.fromkeys(wall.date() for wall in walls):
        here = [i for i, wall in enumerate(walls) if wall.date() == day]
        of_day = {i: walls[i].hour * 60 + walls[i].minute for i in here}
        for opening, closing in weekly[DAYS[day.weekday()]]:
            opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (opening, closing))
            start = min((i for i in here if of_day[i] >= opens), default=here[-1] + 1)
            showing = [i for i in here if of_day[i] == closes]
            end = showing[-1] if showing else min((i for i in here if of_day[i] > closes), default=here[-1] + 1)
            for i in range(start, end):
                is_open[i] = True
    # skip the outermost local days, which the walk sees only in part
    low, high = 1440, 4 * 1440
    a = data.draw(st.integers(low, high))
    b = data.draw(st.integers(a, high))
    assert calendar.seconds_between(minutes[a], minutes[b]) == 60 * sum(is_open[a:b])
