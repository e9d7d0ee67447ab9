"""What accounts and API tokens have in common on the command line: roles, companies, a Procore user, and a record."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cli.terminal import WRONG_INPUT, operator, stop
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Holder, Person
from services.ledger_dashboard.people.roles import Role

LONGEST_NAME = 200
Roles = Annotated[list[Role], typer.Option("--role", help="What they are here for (repeatable).")]
Companies = Annotated[
    list[str] | None,
    typer.Option("--company", help="Only this Procore company id (repeatable); without it all of them."),
]
ProcoreUser = Annotated[
    str | None,
    typer.Option(help="Their user id in Procore: an accounting approver releases under its recorded rights."),
]


def checked(holder: Holder) -> Holder:
    """The same; stops with one line for what cannot be."""
    name = holder.shown_name
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        stop(f"A name is one line of 1 to {LONGEST_NAME} characters.", WRONG_INPUT)
    if not holder.roles:
        stop("Give at least one --role.", WRONG_INPUT)
    for number in (*(holder.companies or ()), *([holder.procore_user_id] if holder.procore_user_id else ())):
        if not (number.isascii() and number.isdecimal()):
            stop(f"{number!r} is no id of Procore's: those are whole numbers.", WRONG_INPUT)
    if Role.ACCOUNTING_APPROVER in holder.roles and not holder.procore_user_id:
        stop("An accounting approver needs --procore-user-id: releases count under that person's rights.", WRONG_INPUT)
    return holder


def scope(companies: Iterable[str] | None) -> frozenset[str] | None:
    """None for none given: all."""
    return frozenset(companies) if companies else None


async def recorded(connection: AsyncConnection, did: str, what: str, **detail: Any) -> None:
    """In the dashboard's audit trail, with whoever is at the keyboard."""
    keyboard = Person(operator(), "command line", frozenset(), frozenset(), None)
    await record(connection, keyboard, did, what, **detail)


def told_roles(roles: Iterable[Role]) -> str:
    """In the order in which they are declared."""
    held = frozenset(roles)
    return ", ".join(role.value for role in Role if role in held)


def told_companies(companies: Iterable[str] | None) -> str:
    """For people."""
    return "all" if companies is None else ", ".join(sorted(companies))


def in_order(words: Iterable[str] | None) -> Sequence[str] | None:
    """For JSON: a set has no order."""
    return None if words is None else sorted(words)
