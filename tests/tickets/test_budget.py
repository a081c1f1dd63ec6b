"""The budget of unrequested mail: one for each person, however their address is spelt and whatever we are asked."""

import itertools
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from helpdesk import clock
from tickets.models import ContactPoint, OutgoingMail, Unrequested
from tickets.operations import budget
from tickets.tasks import forget_spent

ACKNOWLEDGEMENT, SURVEY, NOTICE = (
    OutgoingMail.Purpose.ACKNOWLEDGEMENT, OutgoingMail.Purpose.SURVEY, OutgoingMail.Purpose.NOTICE,
)  # fmt: skip
VICTIM = "vic.tim@gmail.com"


def variants(count: int) -> list[str]:
    """So many spellings of one Gmail address."""
    locals_ = ["vic.tim", "victim", "v.i.c.t.i.m", "VicTim", "VICTIM", '"victim"', "v.ictim", "victi.m"]
    tags = ["", "+shop", "+a+b", "+", "+2026.03", "+😀"]
    domains = ["gmail.com", "googlemail.com", "GMAIL.COM", "Gmail.com.", " gmail.com "]
    every = [f"{local}{tag}@{domain}" for local, tag, domain in itertools.product(locals_, tags, domains)]
    assert len(set(every)) >= count
    return every[:count]


def test_t10_5_a_hundred_spellings_of_one_address_share_one_budget(db):
    spellings = variants(100)
    assert {budget.key(address) for address in spellings} == {"victim@gmail.com"}
    assert [budget.take(address, ACKNOWLEDGEMENT) for address in spellings].count(True) == 1


@pytest.mark.parametrize(
    "one, other",
    [
        ("dora@büro.example", "dora@xn--bro-hoa.example"),
        ("Dora+news@Customer.Example", "dora@customer.example"),
        ("dora@customer.example.", "dora@customer.example"),
        ("ｄｏｒａ@customer.example", "dora@customer.example"),
    ],
)
def test_what_a_domain_reads_as_one_is_one(one, other):
    assert budget.key(one) == budget.key(other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("do.ra@customer.example", "dora@customer.example"),  # dots mean something everywhere but at Gmail
        ("+@customer.example", "dora@customer.example"),
        ("dora@customer.example", "dora@customer.test"),
    ],
)
def test_different_people_have_different_budgets(one, other):
    assert budget.key(one) != budget.key(other)


def test_an_address_nobody_vouched_for_gets_one_mail_a_day_whatever_it_is_for(db):
    start = clock.now()
    assert budget.take(VICTIM, ACKNOWLEDGEMENT, at=start)
    for purpose in (ACKNOWLEDGEMENT, SURVEY, NOTICE):
        assert not budget.take(VICTIM, purpose, at=start + timedelta(hours=23, minutes=59))
    assert budget.take(VICTIM, SURVEY, at=start + timedelta(hours=24))


def test_a_verified_address_gets_one_of_each_purpose_and_three_in_all(db, dora):
    ContactPoint.objects.update(is_verified=True)
    address, start = "dora@customer.example", clock.now()
    assert budget.take(address, ACKNOWLEDGEMENT, at=start)
    assert budget.draw(address, ACKNOWLEDGEMENT, at=start) == "spent"
    assert budget.take(address, SURVEY, at=start) and budget.take(address, NOTICE, at=start)
    assert budget.draw(address, OutgoingMail.Purpose.PROBE, at=start) == "spent"
    assert budget.take(address, ACKNOWLEDGEMENT, at=start + timedelta(hours=24))


def test_a_strangers_spelling_of_a_verified_address_spends_the_owners_budget_and_gets_no_second(db, dora):
    ContactPoint.objects.update(is_verified=True)
    assert budget.take("dora@customer.example", SURVEY)
    assert not budget.take("dora+x@customer.example", ACKNOWLEDGEMENT)


@pytest.mark.parametrize(
    "address, reason",
    [
        ("support@demo.localhost", "ours"),
        ("Support+anything@demo.localhost", "ours"),
        ("ana@demo.localhost", "ours"),
        ("ana+private@demo.localhost", "ours"),
        ("no-reply@shop.example", "robot"),
        ("noreply+123@shop.example", "robot"),
        ("DoNotReply@shop.example", "robot"),
        ("MAILER-DAEMON@mx.example", "robot"),
        ("postmaster@mx.example", "robot"),
        ("news-bounces@list.example", "robot"),
        ("owner-news@list.example", "robot"),
        ("nobody", "no_address"),
        ("", "no_address"),
        ("@customer.example", "no_address"),
        ("noreen@customer.example", ""),
        ("bounceman@customer.example", ""),
    ],
)
def test_some_addresses_never_get_mail_of_our_own_accord(inbox, ana, address, reason):
    assert budget.draw(address, ACKNOWLEDGEMENT) == reason
    assert Unrequested.objects.exists() is not bool(reason)


def test_a_signed_address_of_ours_is_ours(inbox, settings):
    from tickets import minting

    settings.MAIL_REPLY_DOMAIN = "replies.example"
    assert budget.never(minting.signed_address(inbox, "reply", minting.token())) == "ours"
    assert budget.never("anybody@replies.example") == "ours"


def test_an_address_that_bounces_gets_nothing(db, dora):
    ContactPoint.objects.update(is_bouncing=True, is_verified=True)
    assert budget.draw("dora@customer.example", SURVEY) == "bouncing"


def test_an_agent_who_left_is_a_customer_like_any_other(db, ana):
    ana.is_active = False
    ana.save()
    assert budget.never(ana.email) == ""


def test_what_is_taken_back_is_not_spent(db):
    with pytest.raises(RuntimeError), transaction.atomic():
        assert budget.take(VICTIM, SURVEY)
        raise RuntimeError("the mail could not be written")
    assert budget.take(VICTIM, SURVEY)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_the_mail():
    together, got = threading.Barrier(6), []

    def ask(address: str) -> None:
        together.wait()
        try:
            with transaction.atomic():
                got.append(budget.take(address, ACKNOWLEDGEMENT))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[address]) for address in variants(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 5 + [True]


def test_who_read_the_clock_before_another_took_the_last_one_gets_none(db):
    late = clock.now()
    assert budget.take(VICTIM, SURVEY, at=late + timedelta(seconds=1))
    assert not budget.take(VICTIM, SURVEY, at=late)


def test_rows_that_say_nothing_any_more_are_swept(db):
    now = clock.now()
    for days in (0, 29, 31, 400):
        Unrequested.objects.create(key=f"{days}@x.example", purpose=SURVEY, at=now - timedelta(days=days))
    assert forget_spent() == 2
    assert sorted(Unrequested.objects.values_list("key", flat=True)) == ["0@x.example", "29@x.example"]
