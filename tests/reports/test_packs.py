"""Facts in packs: every page says of them what it says of the rows, whatever changed since they were packed."""

import random
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.db import connection

from reports import reading
from reports.counting import figures
from reports.ledger import arrays, as_rows, packs, writing
from reports.models import AnswerFacts, Mark, Pack, PackColumn, StayFacts, SurveyFacts, TicketFacts
from reports.pages import all_pages
from reports.reading import Filter
from tests.reports.test_answer_pages import asking, some
from tests.reports.test_folding import START
from tests.reports.test_service_figures import DAYS, chosen, history  # noqa: F401 - fixtures

NOW = START + timedelta(days=DAYS, hours=5)


@pytest.fixture(autouse=True)
def _many(monkeypatch):
    """Packs of so few rows that there are many."""
    few = [replace(family, bits=bits) for family, bits in zip(packs.FAMILIES, (4, 6), strict=True)]
    monkeypatch.setattr(packs, "FAMILIES", few)
    for family in few:
        for table in family.tables:
            monkeypatch.setitem(packs.OF_MODEL, table.model, (family, table))


@pytest.fixture
def answers(db, inbox):
    """Askings of every kind, some with values of what was done unknown."""
    chance = random.Random(3)
    rows = []
    for n, kind in ((150, "csat"), (90, "ces2")):
        rows += some(chance, n, kind)
    rows += [asking(i, kind="nps", score=chance.choice([None, 0, 6, 8, 9, 10]), customer=chance.choice([1, 2, 3, None]))
             for i in range(80)]  # fmt: skip
    for i, row in enumerate(rows):
        row.event, row.inbox, row.ticket = 100 - i, inbox.pk, chance.choice([None, 1 + i % 80])
        row.handoffs, row.replies = chance.choice([0, 0, 2]), chance.choice([None, 0, 1, 3])
        row.open_s = chance.choice([None, 60, 90_000])
        if chance.random() < 0.2:
            row.state, row.reason = "suppressed", chance.choice(["recent", "spam"])
    SurveyFacts.objects.bulk_create(rows)
    return rows


def said(monkeypatch, asked, *, packed):
    """All that every page says, read from packs or from rows."""
    with monkeypatch.context() as patch:
        if not packed:
            patch.setattr(packs, "MOST_MARKS", -1)
        assert (packs.look(TicketFacts) is not None) == packed
        return {page.key: page.build(asked) for page in all_pages()}


def differences(one, other, place=""):
    """Where two reports are not the same. The last digit of a share may be: its parts are added in their order."""
    if is_dataclass(one) and type(one) is type(other):
        for field in fields(one):
            yield from differences(getattr(one, field.name), getattr(other, field.name), f"{place}.{field.name}")
    elif isinstance(one, list | tuple) and len(one) == len(other):
        for i, both in enumerate(zip(one, other, strict=True)):
            yield from differences(*both, f"{place}[{i}]")
    elif isinstance(one, float) and isinstance(other, float):
        if one != pytest.approx(other, rel=1e-12):
            yield place, one, other
    elif one != other:
        yield place, one, other


@pytest.mark.parametrize("narrow", [{}, {"channel": "chat"}, {"topic": "1", "compare": "before"}, {"outcome": "ces2"}])
def test_every_page_says_the_same_of_packs_and_of_rows(history, answers, chosen, narrow, monkeypatch):  # noqa: F811
    packs.pack()
    # of what follows the packs know nothing
    tickets, _solved, _at = history
    TicketFacts.objects.filter(ticket__lt=12).update(frt_s=77, channel="phone", team=5, topic=None)
    gone = [number for number in tickets if number % 9 == 0]
    for model in (TicketFacts, AnswerFacts, StayFacts):
        model.objects.filter(ticket__in=gone).delete()
    SurveyFacts.objects.filter(event__lt=-100, score__isnull=False).update(score=1, language="fr")
    SurveyFacts.objects.filter(event__gt=90).delete()
    SurveyFacts.objects.bulk_create([asking(5_000 + i, score=5, inbox=chosen.inboxes[0]) for i in range(9)])
    wide = Filter(chosen.first, chosen.last, chosen.zone, chosen.inboxes, is_lead=True, **narrow)
    with time_machine.travel(NOW, tick=False):
        of_rows = said(monkeypatch, wide, packed=False)
        marked = said(monkeypatch, wide, packed=True)
        packs.pack()
        assert not Mark.objects.exists()
        packed = said(monkeypatch, wide, packed=True)
        # that packing changes no row is looked at once: it knows nothing of what is asked
        rows_now = of_rows if narrow else said(monkeypatch, wide, packed=False)
        assert of_rows
        for key, report in of_rows.items():
            assert not list(differences(marked[key], report, key))
            assert not list(differences(packed[key], report, key))
            assert not list(differences(rows_now[key], report, key))


def test_every_column_is_kept_as_it_was(history, answers):  # noqa: F811
    packs.pack()
    for family in packs.FAMILIES:
        for table in family.tables:
            names = list(table.columns)
            found = arrays.listed(table.model.objects.all(), *names)
            rows = list(table.model.objects.values_list(*names))
            assert sorted(map(repr, found)) == sorted(map(repr, rows))
            assert rows


def test_whoever_changes_a_fact_leaves_a_mark_and_whoever_changes_nothing_leaves_none(history):  # noqa: F811
    tickets, _solved, _at = history
    packs.pack()
    number = next(iter(tickets))
    row = as_rows.to_row(number, tickets[number], folded_to=1, hours=1, is_solved=True)
    writing.write(TicketFacts, [row])
    assert list(Mark.objects.values_list("key", flat=True)) == [number]
    packs.pack()
    writing.write(TicketFacts, [row])
    assert not Mark.objects.exists()
    changes = (
        lambda: StayFacts.objects.filter(ticket=number).delete(),
        lambda: AnswerFacts.objects.create(ticket=number, number=99, at=NOW, kind="next", in_volume=True),
    )
    for change in changes:
        change()
        assert set(Mark.objects.values_list("key", flat=True)) == {number}
        packs.pack()


def test_rows_are_read_where_nothing_is_packed_or_too_much_is_marked(history, monkeypatch):  # noqa: F811
    assert packs.look(TicketFacts) is None
    packs.pack()
    assert packs.look(TicketFacts) is not None
    monkeypatch.setattr(packs, "MOST_MARKS", 3)
    TicketFacts.objects.update(frt_s=1)
    assert packs.look(TicketFacts) is None


def test_what_is_asked_of_another_table_is_left_to_the_database(history):  # noqa: F811
    packs.pack()
    rows = TicketFacts.objects.all()
    assert arrays.of(rows) is not None
    assert arrays.of(rows.filter(ticket__in=StayFacts.objects.values("ticket"))) is None
    assert arrays.of(rows.filter(status__contains="o")) is None
    assert arrays.of(rows[:5]) is None


def test_a_pack_that_goes_while_it_is_read_is_looked_for_again(history, chosen):  # noqa: F811
    packs.pack()
    rows = reading.tickets(chosen)
    with packs.moment():
        assert arrays.of(rows, "frt_s") is not None
        TicketFacts.objects.update(frt_s=5, open_s=5)
        packs.pack()
        # of the versions seen above there is nothing left to read
        frame = arrays.of(rows, "open_s")
        assert frame is not None
        assert set(frame["open_s"].data.tolist()) == {5}


def test_columns_read_lately_are_not_read_again_and_no_more_are_kept_than_fit(
    history, monkeypatch  # noqa: F811
):  # fmt: skip
    packs.pack()
    monkeypatch.setattr(packs, "_kept", packs.Kept())
    known = arrays.listed(TicketFacts.objects.all(), "ticket", "frt_s")
    asked = []

    def listen(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        assert arrays.listed(TicketFacts.objects.all(), "ticket", "frt_s") == known
        assert not any("packcolumn" in sql for sql in asked)
        assert arrays.listed(TicketFacts.objects.all(), "open_s")
        assert any("packcolumn" in sql for sql in asked)
    TicketFacts.objects.update(frt_s=7)
    packs.pack()
    assert {frt_s for _ticket, frt_s in arrays.listed(TicketFacts.objects.all(), "ticket", "frt_s")} == {7}
    for room in (2_000, 0):
        monkeypatch.setattr(packs, "KEPT_BYTES", room)
        for column in ("frt_s", "open_s", "created_at"):
            assert arrays.listed(TicketFacts.objects.all(), column)
        assert sum(map(len, packs._kept._columns.values())) == packs._kept._bytes


def test_answers_are_told_apart_by_the_first_response_of_their_ticket_from_packs_as_from_rows(
    history, answers, chosen, monkeypatch  # noqa: F811
):  # fmt: skip
    waits = (0, 77, 600, 3_600, 1e5, 1e9)
    asked = Filter(chosen.first, chosen.last, chosen.zone, chosen.inboxes)
    of_rows = [figures.satisfied_by_first_response(asked, seconds) for seconds in waits]
    packs.pack()
    SurveyFacts.objects.filter(event__gt=60).update(score=1)
    TicketFacts.objects.filter(ticket__lt=30).update(frt_s=70)
    for seconds in waits:
        packed = figures.satisfied_by_first_response(asked, seconds)
        with monkeypatch.context() as patch:
            patch.setattr(packs, "MOST_MARKS", -1)
            assert packed == figures.satisfied_by_first_response(asked, seconds)
    assert any(one.sooner.n for one in of_rows)


def test_packs_of_another_version_are_not_read_and_are_made_anew(history, monkeypatch):  # noqa: F811
    packs.pack()
    family = packs.FAMILIES[0]
    wider = replace(family, bits=5)
    for table in family.tables:
        monkeypatch.setitem(packs.OF_MODEL, table.model, (wider, table))
    monkeypatch.setattr(packs, "FAMILIES", [wider, packs.FAMILIES[1]])
    assert packs.look(TicketFacts) is None
    assert packs.pack_if_due()
    found = arrays.listed(TicketFacts.objects.all(), "ticket")
    assert packs.look(TicketFacts) is not None
    assert sorted(found) == sorted(TicketFacts.objects.values_list("ticket"))


def test_an_emptied_range_leaves_no_pack(history):  # noqa: F811
    packs.pack()
    for model in (TicketFacts, AnswerFacts, StayFacts):
        model.objects.all().delete()
    packs.pack()
    assert not Pack.objects.exists()
    assert not PackColumn.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_written_while_a_range_is_packed_is_not_lost(inbox):
    SurveyFacts.objects.bulk_create([asking(i, score=3, inbox=inbox.pk) for i in range(20)])
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("UPDATE reports_surveyfacts SET score = 5 WHERE event = -1")
        packs.pack()  # does not see it, and does not wait
        other.commit()
    assert [mark.key for mark in Mark.objects.all()] == [-1]
    assert sorted(score for (score,) in arrays.listed(SurveyFacts.objects.all(), "score")) == [3] * 19 + [5]
    packs.pack()
    assert not Mark.objects.exists()
    assert sorted(score for (score,) in arrays.listed(SurveyFacts.objects.all(), "score")) == [3] * 19 + [5]
