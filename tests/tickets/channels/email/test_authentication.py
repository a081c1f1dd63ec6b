"""Only our own server's word counts on whether a sender is genuine."""

import pytest

from tests.tickets.channels.email.mails import mail
from tickets.channels.email.parsing import parse

OURS = "mx.desk.test"


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ("mx.desk.test; dmarc=pass (p=reject) header.from=customer.test", "pass"),
        ("mx.desk.test 1; spf=pass smtp.mailfrom=dora@customer.test; dmarc=fail header.from=customer.test", "fail"),
        ("MX.DESK.TEST; dkim=pass header.d=customer.test", "pass"),
        ("mx.desk.test; spf=pass smtp.mailfrom=bounce@customer.test", "pass"),
        ("mx.desk.test; dkim=pass header.d=mailer.test; spf=pass smtp.mailfrom=mailer.test", "unknown"),
        ("mx.desk.test; dmarc=none header.from=customer.test", "unknown"),
        ("mx.desk.test; none", "unknown"),
        ("mx.desk.test.evil.test; dmarc=pass header.from=customer.test", "unknown"),
        ("evil.test; dmarc=pass header.from=customer.test", "unknown"),
        ("(mx.desk.test) evil.test; dmarc=pass", "unknown"),
        ("mx.desk.test; dmarc=pass header.from=evil.test", "fail"),
        ("", "unknown"),
    ],
)
def test_the_verdict_of_our_server_is_taken(results, verdict):
    assert parse(mail(authentication_results=results), trusted_authserv_id=OURS).authentication == verdict


def test_without_a_trusted_server_nothing_is_known():
    assert (
        parse(mail(authentication_results="mx.desk.test; dmarc=pass header.from=customer.test")).authentication
        == "unknown"
    )


def test_a_header_below_the_first_hop_is_not_ours():
    raw = b"Received: by us\nReceived: by them\nAuthentication-Results: mx.desk.test; dmarc=pass\n" + mail()
    assert parse(raw, trusted_authserv_id=OURS).authentication == "unknown"


def test_a_from_that_is_not_believed_is_never_authenticated():
    raw = mail(
        From="boss@corp.test <evil@x.test>", authentication_results="mx.desk.test; dmarc=pass header.from=x.test"
    )
    assert parse(raw, trusted_authserv_id=OURS).authentication == "unknown"
