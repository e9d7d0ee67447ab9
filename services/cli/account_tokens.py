"""`invoice-export accounts tokens`: what scripts send to the dashboard's API."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

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
from services.cli.terminal import WRONG_INPUT, AsJson, cells, operator, run, say, say_json, stop, transaction
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.tokens import ApiToken, add_token, all_tokens, revoke_token

app = typer.Typer(help="What scripts send to the dashboard's API: add, list, revoke.", no_args_is_help=True)


@app.command("add")
def add(
    label: Annotated[str, typer.Argument(help="What it is for.")],
    role: Roles,
    company: Companies = None,
    procore_user_id: ProcoreUser = None,
    days: Annotated[int | None, typer.Option(min=1, help="For how many days; without it until revoked.")] = None,
) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    holder = checked(Holder("", label, frozenset(role), scope(company), procore_user_id))
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
    token_id, token = run(added(holder, expires_at))
    typer.echo(token)
    say(f"That is token {token_id}. Keep it now: it is not shown again. Send it as `Authorization: Bearer`.", err=True)


@app.command("list")
def show(as_json: AsJson = False) -> None:
    """Show which tokens there are and what they may; never a token."""
    tokens = run(told())
    if as_json:
        say_json([as_row(token) for token in tokens])
        return
    table = Table("Id", "Label", "Roles", "Companies", "Procore user", "Made", "By", "Until", "Revoked")
    for token in tokens:
        made = f"{token.created_at:%Y-%m-%d}"
        ends = (f"{at:%Y-%m-%d %H:%M} UTC" if at else "" for at in (token.expires_at, token.revoked_at))
        table.add_row(
            *cells(token.id, token.label, told_roles(token.roles), told_companies(token.companies)),
            *cells(token.procore_user_id or "", made, token.created_by, *ends),
        )
    Console().print(table)


@app.command("revoke")
def revoke(token_id: Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.")]) -> None:
    """End a token: its next request is refused."""
    if not run(revoked(token_id)):
        stop(f"There is no token {token_id} that still counts.", WRONG_INPUT)
    say(f"Token {token_id} opens nothing any more.")


async def added(holder: Holder, expires_at: datetime | None) -> tuple[int, str]:
    async with transaction() as connection:
        token_id, token = await add_token(connection, holder, operator(), expires_at)
        await recorded(connection, "added", f"token {token_id}", label=holder.shown_name, roles=sorted(holder.roles))
        return token_id, token


async def told() -> Sequence[ApiToken]:
    async with transaction() as connection:
        return await all_tokens(connection)


async def revoked(token_id: int) -> bool:
    async with transaction() as connection:
        if not await revoke_token(connection, token_id):
            return False
        await recorded(connection, "revoked", f"token {token_id}")
        return True


def as_row(token: ApiToken) -> dict[str, object]:
    return {
        "id": token.id,
        "label": token.label,
        "roles": in_order(token.roles),
        "companies": in_order(token.companies),
        "procore_user_id": token.procore_user_id,
        "created_at": token.created_at,
        "created_by": token.created_by,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
    }
