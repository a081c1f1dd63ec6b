"""Account events from a file: what its columns mean, what is wrong with which line, and taking it back."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from feedback import account_files, tasks
from feedback.account_files import Unreadable
from feedback.models import AccountEvent, AccountImport, Retention
from feedback.operations import account_files as reading
from helpdesk.models import Event
from tickets.models import Organisation

MAY = """Event;Date;E-Mail;Organisation;Amount;Currency
Joined;2026-03-01;Dora@customer.example;;;
purchased;1.4.2026 09:30;dora@customer.example;;1.234,50;eur
purchased;1.4.2026 09:30;dora@customer.example;;1.234,50;eur
upgraded;2026-04-02T10:00:00Z;;acme;;
joined;31.2.2026;dora@customer.example;;;
joined;2026-03-01;nobody@customer.example;;;
joined;2026-03-01;;;;
'=SUM;2026-03-01;dora@customer.example;;;
joined;2026-03-01;dora@customer.example;;lots;
"""


def understood(text, zone="Europe/Berlin"):
    given = account_files.table(text)
    return account_files.understood(given.rows, account_files.guessed(given.headings), zone)


@pytest.fixture
def acme(dora):
    return Organisation.objects.create(name="Acme", domain="acme.example")


def test_lines_are_understood_by_their_headings(dora, acme):
    found = understood(MAY)
    assert [(one.about, one.kind, one.value) for one in found.news[:2]] == [
        (dora, "joined", None), (dora, "purchased", Decimal("1234.50")),
    ]  # fmt: skip
    assert found.news[1].at == datetime(2026, 4, 1, 7, 30, tzinfo=UTC) and found.news[1].currency == "EUR"
    assert found.news[3].about == acme
    # two lines alike are two events, and the same two the next time
    numbers = [one.external_id for one in found.news]
    assert len(set(numbers)) == len(numbers) and numbers == [one.external_id for one in understood(MAY).news]


def test_what_is_wrong_is_said_line_by_line(dora, acme):
    said = dict(understood(MAY).problems)
    assert list(said) == [6, 7, 8, 9, 10]
    assert "31.2.2026" in said[6] and "nobody@customer.example" in said[7] and "lots" in said[10]
    assert said[9].startswith("“=SUM” is no event we know (joined, ") and "Write own:sum if" in said[9]


def test_an_event_of_ones_own_is_called_so(dora):
    lines = [
        "kind,at,email",
        "Own: Trial begun,2026-03-01,dora@customer.example",
        "own:,2026-03-01,dora@customer.example",
    ]
    found = understood("\n".join(lines))
    assert [one.kind for one in found.news] == ["trial_begun"] and [line for line, _why in found.problems] == [3]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_whatever_program_wrote_it(dora, encoding):
    acme = Organisation.objects.create(name="Müller & Söhne")
    text = account_files.decoded("kind,at,firma\njoined,2026-03-01,Müller & Söhne\n".encode(encoding))
    assert [one.about for one in understood(text).news] == [acme]


def test_what_is_no_file_of_events_is_refused_whole():
    for content in (b"x" * (account_files.MOST_BYTES + 1), b"a\x00b"):
        with pytest.raises(Unreadable):
            account_files.decoded(content)
    for text in ("", "kind,at\n", "kind\n" + "joined\n" * 100_001, 'a,b\n"' + "x" * 200_000):
        with pytest.raises(Unreadable):
            account_files.table(text)


def upload(client, text=MAY):
    file = SimpleUploadedFile("may.csv", text.encode(), "text/csv")
    return client.post(reverse("settings_account_events"), {"file": file})


def test_a_file_is_looked_at_read_in_once_and_taken_back(dora, acme, admin, as_agent):
    client = as_agent(admin)
    looked_at = upload(client)["Location"]
    page = client.get(looked_at).content.decode()
    assert "Read in 4 events" in page and "Line 7: There is no customer" in page and not AccountEvent.objects.exists()
    columns = {f"column_{key}": place for key, place in zip(("kind", "at", "address"), range(3), strict=True)}
    assert "Line 5: It names neither" in client.post(looked_at, columns).content.decode()
    columns |= {"column_organisation": 3, "column_value": 4, "column_currency": 5, "do": "import"}
    assert client.post(looked_at, columns).status_code == 302
    assert "0 of 9 lines are read in" in client.get(looked_at).content.decode() and not AccountEvent.objects.exists()
    tasks.read_account_files()
    page = client.get(looked_at, headers={"HX-Request": "true"}).content.decode()
    assert "It is read in." in page and "Line 7: There is no customer" in page and "<html" not in page
    assert AccountEvent.objects.count() == 4
    again = upload(client)["Location"]
    client.post(again, columns)
    client.post(again, columns)
    tasks.read_account_files()
    assert AccountEvent.objects.count() == 4
    first = AccountImport.objects.earliest("pk")
    client.post(reverse("settings_account_import_undo", args=[first.pk]))
    assert AccountEvent.objects.filter(voided_at=None).count() == 0
    assert "taken back" in client.get(reverse("settings_account_events")).content.decode()


COLUMNS = {"kind": 0, "at": 1, "address": 2}


def job(text, admin):
    return reading.begin(reading.upload("x.csv", text, actor=admin), COLUMNS, actor=admin)


def test_the_same_file_tells_its_news_once_and_again_once_it_was_taken_back(dora, admin):
    text = "kind,at,email\n" + "purchased,2026-03-01,dora@customer.example\n" * 2
    counts = []
    for _time in range(2):
        reading.run(job(text, admin).pk)
        done = AccountImport.objects.latest("pk")
        counts.append((done.told, done.known))
    assert counts == [(2, 0), (0, 2)]
    first = AccountImport.objects.earliest("pk")
    for _time in range(2):
        reading.take_back(first, actor=admin)
    assert AccountEvent.objects.filter(voided_at=None).count() == 0
    third = job(text, admin)
    reading.run(third.pk)
    assert AccountEvent.objects.filter(voided_at=None, batch=third).count() == 2
    assert not AccountImport.objects.exclude(text="").exists(), "what was read in is not kept as text"


@pytest.fixture
def long(dora, admin, monkeypatch):
    """A file of five parts, whose lines are all alike; the third says nothing."""
    monkeypatch.setattr(reading, "PART", 2)
    lines = ["purchased,2026-03-01,dora@customer.example"] * 9
    lines[2] = "purchased,never,dora@customer.example"
    return job("\n".join(["kind,at,email", *lines]), admin)


def test_a_worker_that_dies_loses_nothing_and_tells_nothing_twice(long, monkeypatch):
    keep, parts = reading._keep, []

    def dies(pk, start, end, found):
        parts.append(start)
        if len(parts) == 3:
            raise RuntimeError("killed")
        return keep(pk, start, end, found)

    with monkeypatch.context() as at_first:
        at_first.setattr(reading, "_keep", dies)
        with pytest.raises(RuntimeError):
            reading.run(long.pk)
    assert not reading.run(long.pk), "the one who died still holds it"
    AccountImport.objects.update(lease_until=None)
    assert list(reading.to_do()) == [long.pk] and reading.run(long.pk)
    long.refresh_from_db()
    assert (long.done, long.told, long.known, long.failed) == (9, 8, 0, 1)
    assert [line for line, _why in long.problems] == [4] and AccountEvent.objects.count() == 8
    assert not reading.to_do() and not reading.run(long.pk)
    assert Event.objects.filter(verb="account.imported").count() == 1


def test_two_workers_at_one_file_tell_it_once(long, monkeypatch):
    keep = reading._keep

    def meanwhile(pk, start, end, found):
        keep(pk, start, end, found)
        return keep(pk, start, end, found)

    monkeypatch.setattr(reading, "_keep", meanwhile)
    reading.run(long.pk)
    long.refresh_from_db()
    assert (long.done, long.told) == (2, 2), "whoever comes second leaves the rest to the first"


def test_what_is_taken_back_while_it_is_read_in_ends_there(long, admin, monkeypatch):
    keep = reading._keep

    def taken_back(pk, start, end, found):
        kept = keep(pk, start, end, found)
        if start == 2:
            reading.take_back(long, actor=admin)
        return kept

    monkeypatch.setattr(reading, "_keep", taken_back)
    reading.run(long.pk)
    tasks.read_account_files()
    assert AccountEvent.objects.count() == 3 and not AccountEvent.objects.filter(voided_at=None).exists()
    assert not reading.to_do()


def test_a_long_file_is_taken_back_in_parts_and_read_in_again_only_then(long, admin):
    reading.run(long.pk)
    again = job("kind,at,email\n" + "purchased,2026-03-01,dora@customer.example\n" * 9, admin)
    assert list(reading.to_do()) == [again.pk]
    reading.take_back(long, actor=admin)
    assert AccountEvent.objects.filter(voided_at=None).count() == 6 and list(reading.to_do()) == []
    tasks.read_account_files()
    again.refresh_from_db()
    assert again.told == 9 and AccountEvent.objects.filter(voided_at=None, batch=again).count() == 9
    voided = Event.objects.filter(verb="account.voided")
    assert [one.actor_id for one in voided] == [admin.pk] * 8


def test_who_may_no_longer_tell_is_not_told_for(long, admin):
    type(admin).objects.filter(pk=admin.pk).update(role="light")
    reading.run(long.pk)
    long.refresh_from_db()
    assert long.stopped and long.finished_at and not AccountEvent.objects.exists()


def test_a_file_that_nobody_reads_in_is_thrown_away(dora, admin):
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC)):
        reading.upload("x.csv", "kind,at\njoined,2026-03-01\n", actor=admin)
    assert reading.forget() == 1 and not AccountImport.objects.exists()


def test_somebody_elses_file_is_not_there(dora, acme, admin, as_agent):
    url = upload(as_agent(admin))["Location"]
    other = type(admin).objects.create_superuser("other@demo.localhost", "x" * 20, name="Other")
    assert as_agent(other).get(url).status_code == 302


def test_how_retention_is_told_is_set_and_recorded(admin, as_agent):
    client = as_agent(admin)
    assert client.post(reverse("settings_retention"), {"mode": "activity", "idle_days": 0}).status_code == 422
    assert client.post(reverse("settings_retention"), {"mode": "activity", "idle_days": 60}).status_code == 302
    client.post(reverse("settings_retention"), {"mode": "contract", "idle_days": 60})
    assert Retention.objects.get().mode == "contract"
    assert list(Event.objects.filter(subject_type="retention").order_by("id").values_list("verb", flat=True)) == [
        "retention.created", "retention.changed",
    ]  # fmt: skip
