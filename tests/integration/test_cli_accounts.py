"""Making accounts and API tokens from the command line, as the database's owner."""

import asyncio

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.ledger_dashboard.people.reception import Reception
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.people.signing_in import SignedIn, Wrong, sign_in
from tests.support.command_line import answered
from tests.support.people import PASSWORD, audited, dashboard_settings

OLGA = ("accounts", "add", "Olga", "--name", "Olga Operator", "--role", "operator")
ADA = ("accounts", "add", "ada", "--name", "Ada", "--role", "accounting_approver", "--procore-user-id", "160586")


@pytest.fixture
def typed(invoke):
    """Runs a command that reads standard input; `invoke` has made the environment."""

    async def typed(text, *words):
        return await asyncio.to_thread(CliRunner().invoke, app, list(words), input=text)

    return typed


@pytest.fixture
def reception(dashboard_engine):
    return Reception(dashboard_engine, dashboard_settings())


async def outcome(reception, login="olga", password=PASSWORD):
    return await sign_in(reception, login, password, "192.0.2.7")


async def test_an_account_is_made_and_may_sign_in(typed, command, reception, owner_engine):
    made = await typed(f"{PASSWORD}\n", *OLGA, "--company", "4907", "--company", "4908", "--role", "viewer")
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    assert "olga is account:1" in made.stdout
    came = await outcome(reception)
    assert isinstance(came, SignedIn)
    person = await reception.person_with_cookie(came.cookie, "")
    assert (person.roles, person.companies) == ({Role.OPERATOR, Role.VIEWER}, {"4907", "4908"})
    (told,) = answered(await command("accounts", "list", "--json"))
    assert (told["login"], told["name"], told["roles"]) == ("olga", "Olga Operator", ["operator", "viewer"])
    assert (told["companies"], told["disabled_at"]) == (["4907", "4908"], None)
    assert told["created_by"].startswith("cli")
    (row, *_) = await audited(owner_engine)
    assert (row.did, row.what, row.who) == ("added", "account 1", told["created_by"])


async def test_no_listing_shows_a_password(typed, command, owner_engine):
    await typed(PASSWORD, *OLGA)
    for listed in (await command("accounts", "list"), await command("accounts", "list", "--json")):
        assert "olga" in listed.stdout
        assert "argon2" not in listed.output
    assert "argon2" not in str(await audited(owner_engine))


@pytest.mark.parametrize(
    ("text", "words", "why"),
    [
        ("too short", OLGA, "at least 12"),
        ("", OLGA, "at least 12"),
        (PASSWORD, (*OLGA[:2], "two words", *OLGA[3:]), "A login is"),
        (PASSWORD, (*OLGA, "--role", "accounting_approver"), "--procore-user-id"),
        (PASSWORD, (*OLGA, "--company", "acme"), "no id of Procore's"),
        (PASSWORD, (*OLGA, "--procore-user-id", "ada"), "no id of Procore's"),
        (PASSWORD, (*OLGA[:3], "--name", " ", *OLGA[5:]), "A name is"),
        (PASSWORD, OLGA[:5], "role"),
        (PASSWORD, (*OLGA, "--role", "owner"), "owner"),
    ],
)
async def test_what_cannot_be_is_refused(typed, command, text, words, why):
    refused = await typed(text, *words)
    assert refused.exit_code == 2
    assert why in refused.stderr
    assert answered(await command("accounts", "list", "--json")) == []


async def test_a_login_is_given_once(typed):
    await typed(PASSWORD, *OLGA)
    again = await typed(PASSWORD, *OLGA)
    assert again.exit_code == 1
    assert "already" in again.stderr


async def test_a_change_leaves_what_is_not_named(typed, command):
    await typed(PASSWORD, *ADA, "--company", "4907")
    changed = await command("accounts", "change", "ada", "--role", "admin", "--role", "accounting_approver")
    assert changed.exit_code == 0, changed.output
    (told,) = answered(await command("accounts", "list", "--json"))
    assert told["roles"] == ["accounting_approver", "admin"]
    assert (told["name"], told["companies"], told["procore_user_id"]) == ("Ada", ["4907"], "160586")
    await command("accounts", "change", "ada", "--all-companies", "--name", "Ada L.", "--procore-user-id", "7")
    (told,) = answered(await command("accounts", "list", "--json"))
    assert (told["name"], told["companies"], told["procore_user_id"]) == ("Ada L.", None, "7")


async def test_a_change_that_cannot_be_changes_nothing(typed, command):
    await typed(PASSWORD, *OLGA)
    before = answered(await command("accounts", "list", "--json"))
    for words in (("--role", "accounting_approver"), ("--company", "1", "--all-companies"), ("--company", "x")):
        assert (await command("accounts", "change", "olga", *words)).exit_code == 2
    assert answered(await command("accounts", "list", "--json")) == before


async def test_disabling_ends_sessions_and_enabling_lets_in_again(typed, command, reception):
    await typed(PASSWORD, *OLGA)
    cookie = (await outcome(reception)).cookie
    assert (await command("accounts", "disable", "olga")).exit_code == 0
    assert await reception.person_with_cookie(cookie, "") is None
    assert await outcome(reception) == Wrong()
    assert await reception.is_closed()
    assert (await command("accounts", "change", "olga", "--name", "Olga")).exit_code == 0
    assert await outcome(reception) == Wrong()
    assert (await command("accounts", "change", "olga", "--enable")).exit_code == 0
    assert isinstance(await outcome(reception), SignedIn)
    assert await reception.person_with_cookie(cookie, "") is None


async def test_a_new_password_replaces_the_old_one(typed, command, reception):
    await typed(PASSWORD, *OLGA)
    cookie = (await outcome(reception)).cookie
    assert (await typed("too short", "accounts", "password", "olga")).exit_code == 2
    done = await typed("another long password\r\n", "accounts", "password", "OLGA")
    assert done.exit_code == 0, done.output
    assert "another" not in done.output.replace("a new", "")
    assert await reception.person_with_cookie(cookie, "") is None
    assert await outcome(reception) == Wrong()
    assert isinstance(await outcome(reception, password="another long password"), SignedIn)


@pytest.mark.parametrize("words", [("disable",), ("change", "--enable"), ("password",)])
async def test_an_unknown_account_is_told(typed, words):
    verb, *options = words
    refused = await typed(PASSWORD, "accounts", verb, "nobody", *options)
    assert refused.exit_code == 2
    assert "There is no account nobody" in refused.stderr


async def test_a_token_is_printed_once_and_revoked(command, reception, owner_engine):
    made = await command(
        "accounts", "tokens", "add", "nightly", "--role", "viewer", "--company", "4907", "--days", "30"
    )
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()
    assert "token 1" in made.stderr
    person = await reception.person_with_token(token, "")
    assert (person.who, person.companies) == ("token:1", {"4907"})
    listed = await command("accounts", "tokens", "list", "--json")
    (told,) = answered(listed)
    assert (told["label"], told["roles"], told["revoked_at"]) == ("nightly", ["viewer"], None)
    assert told["expires_at"]
    assert token not in listed.stdout + (await command("accounts", "tokens", "list")).stdout
    assert (await command("accounts", "tokens", "revoke", 1)).exit_code == 0
    assert await reception.person_with_token(token, "") is None
    again = await command("accounts", "tokens", "revoke", 1)
    assert (again.exit_code, "no token 1" in again.stderr) == (2, True)
    assert [(row.did, row.what) for row in await audited(owner_engine)] == [
        ("added", "token 1"),
        ("revoked", "token 1"),
    ]
    assert token not in str(await audited(owner_engine))


async def test_a_token_of_an_approver_needs_a_procore_user(command):
    words = ("accounts", "tokens", "add", "releases", "--role", "accounting_approver")
    assert (await command(*words)).exit_code == 2
    assert (await command(*words, "--procore-user-id", "160586")).exit_code == 0
