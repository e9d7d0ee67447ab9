"""`invoice-export accounts`: who may sign in at the dashboard. Only the database's owner can make accounts."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cli import account_tokens
from services.cli.holders import (
    Companies,
    ProcoreUser,
    Roles,
    checked,
    in_order,
    recorded,
    scope,
    told_companies,
    told_roles,
)
from services.cli.terminal import (
    NOT_DONE,
    WRONG_INPUT,
    AsJson,
    cells,
    operator,
    run,
    say,
    say_json,
    stop,
    transaction,
)
from services.ledger_dashboard.people.accounts import (
    Account,
    LoginTaken,
    account_of,
    add_account,
    all_accounts,
    change_account,
    normal_login,
    set_password,
)
from services.ledger_dashboard.people.passwords import hash_password, wrong_with
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role

app = typer.Typer(help="Who may sign in at the dashboard: add, list, change, disable, password.", no_args_is_help=True)
app.add_typer(account_tokens.app, name="tokens")

Login = Annotated[str, typer.Argument(help="As it is typed when signing in, such as ada or ada@example.com.")]


@app.command("add")
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="What colleagues call them.")],
    role: Roles,
    company: Companies = None,
    procore_user_id: ProcoreUser = None,
) -> None:
    """Make an account; its password comes from a prompt or standard input.

    It is never an argument: a command line can be seen by others.
    """
    known = normal_login(login)
    if known is None:
        stop("A login is of letters, digits and . _ @ + -, and begins with a letter or a digit.", WRONG_INPUT)
    holder = checked(Holder("", name, frozenset(role), scope(company), procore_user_id))
    try:
        account = run(added(known, holder, hash_password(given_password())))
    except LoginTaken:
        stop(f"There is an account {known} already; see `accounts change` and `accounts password`.", NOT_DONE)
    say(f"{known} is {account.who} and may sign in as {told_roles(account.roles)}.")


@app.command("list")
def show(as_json: AsJson = False) -> None:
    """Show who has an account and what they may."""
    known = run(told())
    if as_json:
        say_json([as_row(account) for account in known])
        return
    table = Table("Id", "Login", "Name", "Roles", "Companies", "Procore user", "Made", "By", "Disabled")
    for account in known:
        disabled = f"{account.disabled_at:%Y-%m-%d %H:%M} UTC" if account.disabled_at else ""
        table.add_row(
            *cells(account.id, account.login, account.shown_name, told_roles(account.roles)),
            *cells(told_companies(account.companies), account.procore_user_id or ""),
            *cells(f"{account.created_at:%Y-%m-%d}", account.created_by, disabled),
        )
    Console().print(table)


@app.command("change")
def change(
    login: Login,
    *,
    name: Annotated[str | None, typer.Option(help="What colleagues call them.")] = None,
    role: Annotated[list[Role] | None, typer.Option(help="Instead of the roles so far (repeatable).")] = None,
    company: Annotated[list[str] | None, typer.Option(help="Instead of the companies so far (repeatable).")] = None,
    all_companies: Annotated[bool, typer.Option("--all-companies", help="From now on all of them.")] = False,
    procore_user_id: ProcoreUser = None,
    enable: Annotated[bool, typer.Option("--enable", help="Let a disabled account in again.")] = False,
) -> None:
    """Change what an account may; it counts from that person's next request on. What is not named stays."""
    if company and all_companies:
        stop("--company and --all-companies exclude each other.", WRONG_INPUT)

    async def changed() -> Holder:
        async with transaction() as connection:
            account = await the_account(connection, login)
            holder = replace(
                account.holder,
                shown_name=name or account.shown_name,
                roles=frozenset(role) if role else account.roles,
                companies=scope(company) if company or all_companies else account.companies,
                procore_user_id=procore_user_id or account.procore_user_id,
            )
            is_enabled = enable or account.disabled_at is None
            await change_account(connection, account.login, checked(holder), is_enabled=is_enabled)
            await recorded(connection, "changed", named(account), **as_changed(holder), enabled=is_enabled)
            return holder

    holder = run(changed())
    say(f"{login}: {told_roles(holder.roles)}; companies: {told_companies(holder.companies)}.")


@app.command("disable")
def disable(login: Login) -> None:
    """Shut an account: its sessions end at once. `accounts change --enable` opens it again."""

    async def disabled() -> None:
        async with transaction() as connection:
            account = await the_account(connection, login)
            await change_account(connection, account.login, account.holder, is_enabled=False)
            await recorded(connection, "disabled", named(account))

    run(disabled())
    say(f"{login} is signed out everywhere and cannot sign in.")


@app.command("password")
def password(login: Login) -> None:
    """Set another password, from a prompt or standard input, and end the account's sessions."""
    password_hash = hash_password(given_password())

    async def replaced() -> None:
        async with transaction() as connection:
            account = await the_account(connection, login)
            await set_password(connection, account, password_hash)
            await recorded(connection, "set the password of", named(account))

    run(replaced())
    say(f"{login} has a new password, and signs in with it from now on.")


def given_password() -> str:
    """Stops when nobody should have it."""
    if sys.stdin.isatty():
        text: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    wrong = wrong_with(text)
    if wrong:
        stop(f"That password will not do: {wrong}.", WRONG_INPUT)
    return text


async def added(login: str, holder: Holder, password_hash: str) -> Account:
    async with transaction() as connection:
        account = await add_account(connection, login, holder, password_hash, operator())
        await recorded(connection, "added", named(account), **as_changed(holder))
        return account


async def told() -> Sequence[Account]:
    async with transaction() as connection:
        return await all_accounts(connection)


async def the_account(connection: AsyncConnection, login: str) -> Account:
    """Stops when there is none."""
    account = await account_of(connection, normal_login(login) or "")
    if account is None:
        stop(f"There is no account {login}; `accounts list` shows all.", WRONG_INPUT)
    return account


def named(account: Account) -> str:
    return f"account {account.id}"


def as_changed(holder: Holder) -> dict[str, object]:
    """For the audit trail."""
    return {
        "roles": in_order(holder.roles),
        "companies": in_order(holder.companies),
        "procore_user_id": holder.procore_user_id,
    }


def as_row(account: Account) -> dict[str, object]:
    """Everything but the password's hash."""
    return {
        "id": account.id,
        "login": account.login,
        "name": account.shown_name,
        **as_changed(account.holder),
        "created_at": account.created_at,
        "created_by": account.created_by,
        "disabled_at": account.disabled_at,
    }
