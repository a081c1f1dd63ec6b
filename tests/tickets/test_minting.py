"""Names of our own: nobody can make one up, and each says what it is for."""

import pytest

from tickets import minting


def test_t02_4_ten_thousand_tokens_are_distinct_long_and_say_nothing_of_the_ticket():
    tokens = {minting.token() for _ in range(10_000)}
    assert len(tokens) == 10_000
    assert all(len(one.partition(".")[0]) == 26 for one in tokens)  # 128 bits in letters of five


@pytest.mark.parametrize("kind", ["bounce", "reply", "probe"])
@pytest.mark.parametrize("domain", ["", "replies.example"])
def test_a_signed_address_is_read_back_whatever_its_capitals(inbox, settings, kind, domain):
    settings.MAIL_REPLY_DOMAIN = domain
    token = minting.token()
    address = minting.signed_address(inbox, kind, token)
    assert address.endswith(f"@{domain or 'demo.localhost'}")
    assert len(address.rpartition("@")[0]) <= 64
    assert minting.read_address(address.upper()) == minting.Signed(kind, token)


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("a" if t[-1] != "a" else "b"), lambda t: "x" + t[1:]])
def test_an_address_that_somebody_made_up_says_nothing(inbox, change):
    token = change("y" + minting.token()[1:])
    assert minting.read_address(f"support+r-{token}@demo.localhost") is None


@pytest.mark.parametrize("address", ["support@demo.localhost", "support+r-@demo.localhost", "+@x", "", "r-a.b@x"])
def test_an_ordinary_address_says_nothing(address):
    assert minting.read_address(address) is None


def test_an_inbox_without_plus_addresses_has_none(inbox):
    inbox.plus_addresses = False
    assert minting.signed_address(inbox, "bounce", minting.token()) == ""
