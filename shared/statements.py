"""Statements written once with SQLAlchemy, which asyncpg executes by itself where every export asks them.

SQLAlchemy's execution takes about ten times the processor time of asyncpg's (decision 10). A Statement goes either way,
as its session is: past it on one of a pool's, as usual on one of an engine's, beside whatever else is asked there.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy import Select, TextClause, UpdateBase, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

Session: TypeAlias = AsyncConnection | asyncpg.Connection
Sessions: TypeAlias = AsyncEngine | asyncpg.Pool
Core: TypeAlias = Select[Any] | UpdateBase | TextClause

_DIALECT = make_url("postgresql+asyncpg://").get_dialect()()


def at_once(sessions: Sessions) -> AbstractAsyncContextManager[Session]:
    """A session on which each statement is a transaction of its own: one round trip instead of three.

    Two statements see two moments, and the first stays done when the second fails.
    """
    if isinstance(sessions, AsyncEngine):
        return _committing_each(sessions).connect()
    session: AbstractAsyncContextManager[Session] = sessions.acquire()
    return session


@asynccontextmanager
async def transaction(sessions: Sessions) -> AsyncIterator[Session]:
    """A session in a transaction, committed when the block ends and rolled back when it raises."""
    if isinstance(sessions, AsyncEngine):
        async with sessions.begin() as session:
            yield session
    else:
        async with sessions.acquire() as session, session.transaction():
            yield session


@lru_cache(maxsize=8)
def _committing_each(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@dataclass(frozen=True)
class Form:
    """A statement as asyncpg takes it: its SQL, which value stands for $1, $2, ..., and those that never change."""

    sql: str
    order: Sequence[str]
    constants: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        known = {**self.constants, **values}
        return [known[name] for name in self.order]


class Statement:
    """One statement, SQLAlchemy's or SQL with :parameters. An INSERT or UPDATE also sets the columns that are named.

    Every method raises TypeError where a parameter is missing or unknown, and otherwise DATABASE_ERRORS.
    """

    def __init__(self, core: Core | str) -> None:
        self._core: Core = text(core) if isinstance(core, str) else core
        self._forms: dict[tuple[str, ...], Form] = {}

    async def rows(self, session: Session, **values: Any) -> Sequence[Any]:
        """All rows, with their columns as attributes."""
        if isinstance(session, AsyncConnection):
            return (await session.execute(self._core, values)).all()
        form = self._form(values)
        found: Sequence[Any] = await session.fetch(form.sql, *form.arguments(values))
        return found

    async def row(self, session: Session, **values: Any) -> Any:
        """The first row; None where there is none."""
        if isinstance(session, AsyncConnection):
            return (await session.execute(self._core, values)).first()
        form = self._form(values)
        return await session.fetchrow(form.sql, *form.arguments(values))

    async def value(self, session: Session, **values: Any) -> Any:
        """The first row's first column; None where there is no row."""
        if isinstance(session, AsyncConnection):
            return (await session.execute(self._core, values)).scalar()
        form = self._form(values)
        return await session.fetchval(form.sql, *form.arguments(values))

    async def run(self, session: Session, **values: Any) -> int:
        """How many rows it changed."""
        if isinstance(session, AsyncConnection):
            return (await session.execute(self._core, values)).rowcount
        form = self._form(values)
        done: str = await session.execute(form.sql, *form.arguments(values))
        return int(done.rpartition(" ")[2])

    async def run_each(self, session: Session, each: Iterable[Mapping[str, Any]]) -> None:
        """Once for each set of values, all of the same names. In a transaction: what failed may have done a part."""
        many = list(each)
        if not many:
            return
        if isinstance(session, AsyncConnection):
            await session.execute(self._core, many)
            return
        form = self._form(many[0])
        await session.executemany(form.sql, [form.arguments(values) for values in many])

    def _form(self, values: Mapping[str, Any]) -> Form:
        names = tuple(values)
        form = self._forms.get(names)
        if form is None:
            form = self._forms[names] = _written(self._core, names)
        return form


def _written(core: Core, names: Sequence[str]) -> Form:
    compiled: Any = core.compile(dialect=_DIALECT, column_keys=names)
    order = tuple(compiled.positiontup or ())
    if any(compiled.binds[name].expanding for name in order):
        raise TypeError("a list in IN (...) has no one form: compare with any_ of an array")
    constants = {name: compiled.params[name] for name in order if not compiled.binds[name].required}
    missing, unknown = set(order) - set(names) - set(constants), set(names) - set(order)
    if missing or unknown:
        raise TypeError(f"missing {sorted(missing)}, unknown {sorted(unknown)} in: {compiled.string}")
    return Form(compiled.string, order, constants)
