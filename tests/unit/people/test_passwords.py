"""Passwords: what will do, and what fits."""

import pytest

from services.ledger_dashboard.people.accounts import normal_login
from services.ledger_dashboard.people.passwords import Passwords, hash_password, wrong_with
from services.ledger_dashboard.people.throttle import network_of


@pytest.fixture(scope="module")
def passwords():
    return Passwords()


@pytest.mark.parametrize("password", ["", "short", "eleven char", "a" * 1025])
def test_a_short_or_endless_password_will_not_do(password):
    assert "characters" in wrong_with(password)


@pytest.mark.parametrize("password", ["twelve chars", "a" * 1024, "ключ от города"])
def test_a_long_password_will_do(password):
    assert wrong_with(password) is None


async def test_only_the_same_password_fits(passwords):
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert await passwords.fits("correct horse battery", hashed)
    assert not await passwords.fits("correct horse batterz", hashed)
    assert not await passwords.fits("correct horse battery ", hashed)


async def test_nothing_fits_where_there_is_no_account(passwords):
    assert not await passwords.fits("correct horse battery", None)
    assert not await passwords.fits("", None)


async def test_the_same_letters_fit_from_another_keyboard(passwords):
    assert await passwords.fits("cafe\u0301 cre\u0301me long", hash_password("caf\u00e9 cr\u00e9me long"))


async def test_odd_input_is_no_error(passwords):
    assert not await passwords.fits("a" * 100_000, hash_password("a" * 1024))
    assert not await passwords.fits("\ud800\x00", hash_password("correct horse battery"))
    assert not await passwords.fits("correct horse battery", "no hash at all")


@pytest.mark.parametrize(
    ("text", "login"),
    [
        (" Ada ", "ada"),
        ("ada@example.com", "ada@example.com"),
        ("a", "a"),
        ("", None),
        ("ada lovelace", None),
        ("-ada", None),
        ("ada\x00", None),
        ("a" * 201, None),
        ("ådå", None),
    ],
)
def test_a_login_is_plain_and_in_lower_case(text, login):
    assert normal_login(text) == login


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_who_changes_address_at_will_counts_as_one(address, network):
    assert network_of(address) == network
