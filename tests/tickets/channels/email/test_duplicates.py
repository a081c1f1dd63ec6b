"""When two deliveries are the same mail."""

from tests.tickets.channels.email.mails import mail
from tickets.channels.email.parsing import content_hash


def test_t07_1_the_same_mail_has_the_same_hash_whatever_way_it_came():
    one = mail("Body\n", message_id="<a@x>")
    other = b"Received: from elsewhere\nX-Spam: no\n" + one.replace(b"\n", b"\r\n")
    assert content_hash(one) == content_hash(other)


def test_t07_1_the_same_id_with_another_body_is_another_mail():
    assert content_hash(mail("One", message_id="<a@x>")) != content_hash(mail("Two", message_id="<a@x>"))


def test_t07_1_the_same_body_from_somebody_else_is_another_mail():
    assert content_hash(mail("One", From="a@x.test")) != content_hash(mail("One", From="b@x.test"))


def test_t07_3_mails_without_an_id_are_the_same_when_they_are_identical():
    assert content_hash(mail("One", date="x")) == content_hash(mail("One", date="x"))
    assert content_hash(mail("One", date="x")) != content_hash(mail("One", date="y"))


def test_folding_does_not_make_another_mail():
    assert content_hash(mail(subject="one two")) == content_hash(mail(subject="one\n two"))
