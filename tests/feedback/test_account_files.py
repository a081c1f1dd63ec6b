"""Account events from a file: what its columns mean, what is wrong with which line, and taking it back."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from feedback import account_files
from feedback.account_files import Unreadable
from feedback.models import AccountEvent, AccountImport, Retention
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
    return account_files.understood(given, account_files.guessed(given.headings), zone)


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
    assert list(said) == [6, 7, 8, 10]
    assert "31.2.2026" in said[6] and "nobody@customer.example" in said[7] and "lots" in said[10]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_whatever_program_wrote_it(dora, encoding):
    acme = Organisation.objects.create(name="Müller & Söhne")
    text = account_files.decoded("kind,at,firma\njoined,2026-03-01,Müller & Söhne\n".encode(encoding))
    assert [one.about for one in understood(text).news] == [acme]


def test_what_is_no_file_of_events_is_refused_whole():
    for content in (b"x" * (account_files.MOST_BYTES + 1), b"a\x00b"):
        with pytest.raises(Unreadable):
            account_files.decoded(content)
    for text in ("", "kind,at\n", "kind\n" + "joined\n" * 10_001, 'a,b\n"' + "x" * 200_000):
        with pytest.raises(Unreadable):
            account_files.table(text)


def upload(client, text=MAY):
    file = SimpleUploadedFile("may.csv", text.encode(), "text/csv")
    return client.post(reverse("settings_account_events"), {"file": file})


def test_a_file_is_looked_at_read_in_once_and_taken_back(dora, acme, admin, as_agent):
    client = as_agent(admin)
    looked_at = upload(client)["Location"]
    page = client.get(looked_at).content.decode()
    assert "Read in 5 events" in page and "Line 7: There is no customer" in page and not AccountEvent.objects.exists()
    columns = {f"column_{key}": place for key, place in zip(("kind", "at", "address"), range(3), strict=True)}
    assert "Line 5: It names neither" in client.post(looked_at, columns).content.decode()
    columns |= {"column_organisation": 3, "column_value": 4, "column_currency": 5, "do": "import"}
    assert client.post(looked_at, columns).status_code == 302
    assert AccountEvent.objects.count() == 5
    again = upload(client)["Location"]
    client.post(again, columns)
    assert AccountEvent.objects.count() == 5
    first = AccountImport.objects.earliest("pk")
    client.post(reverse("settings_account_import_undo", args=[first.pk]))
    assert AccountEvent.objects.filter(voided_at=None).count() == 0
    assert "taken back" in client.get(reverse("settings_account_events")).content.decode()


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
