"""Statements on both kinds of session: past SQLAlchemy's execution, and as usual."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest
from sqlalchemy import Interval, Numeric, Text, any_, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.database import DATABASE_ERRORS
from shared.ledger.tables import connection_states, exports
from shared.statements import Statement, at_once, transaction

TRANSACTION = Statement("SELECT CAST(pg_current_xact_id() AS text)")
STATES = connection_states.c
MADE = Statement(insert(connection_states))
NAMES = Statement(select(STATES.connection).order_by(STATES.connection))
FAILURES = Statement(select(STATES.failures).where(STATES.connection == bindparam("name")))


@pytest.fixture(params=["pool", "engine"])
def sessions(request, worker_pool, worker_engine):
    return {"pool": worker_pool, "engine": worker_engine}[request.param]


async def names(sessions) -> list[str]:
    async with at_once(sessions) as session:
        return [row.connection for row in await NAMES.rows(session)]


async def test_values_of_every_kind_come_back_as_they_went(sessions):
    given = {
        "json": {"amount": "1.50", "lines": [1, None, "é"]},
        "list": ["a", "b"],
        "number": Decimal("12345678901234.5678"),
        "span": timedelta(hours=3, seconds=1),
        "moment": datetime(2026, 11, 27, 5, tzinfo=UTC),
        "nothing": None,
    }
    types = {"json": JSONB, "list": ARRAY(Text), "number": Numeric, "span": Interval, "moment": exports.c.since.type}
    columns = [bindparam(name, type_=types.get(name, Text)).label(f"a_{name}") for name in given]
    async with at_once(sessions) as session:
        row = await Statement(select(*columns)).row(session, **given)
    assert {name: getattr(row, f"a_{name}") for name in given} == given
    assert not hasattr(row, "unheard_of")


async def test_what_is_not_there_is_none(sessions):
    async with at_once(sessions) as session:
        assert await FAILURES.row(session, name="nobody") is None
        assert await FAILURES.value(session, name="nobody") is None
        assert await FAILURES.rows(session, name="nobody") == []


async def test_columns_are_set_by_name_and_rows_counted(sessions):
    changed = Statement(update(connection_states).where(STATES.connection != bindparam("other")))
    async with transaction(sessions) as session:
        await MADE.run_each(session, ({"connection": name, "failures": 1} for name in "abc"))
        await MADE.run_each(session, [])
        assert await MADE.run(session, connection="d", failures=7, last_failure="why") == 1
        assert await changed.run(session, other="d", failures=2) == 3
        assert await changed.run(session, other="d", last_failure="again", failures=3) == 3
        assert [await FAILURES.value(session, name=name) for name in "abd"] == [3, 3, 7]


async def test_one_statement_may_name_a_parameter_twice_and_keep_some(sessions):
    given = upsert(connection_states).values(failures=5)
    kept = Statement(given.on_conflict_do_update(index_elements=["connection"], set_={"failures": 6}))
    twice = Statement("SELECT CAST(:of AS text) AS one, CAST(:of AS text) AS other")
    async with at_once(sessions) as session:
        for failures in (5, 6):
            await kept.run(session, connection="harbor")
            assert await FAILURES.value(session, name="harbor") == failures
        row = await twice.row(session, of="it")
    assert (row.one, row.other) == ("it", "it")


async def test_at_once_each_statement_is_a_transaction(sessions):
    async with at_once(sessions) as session:
        assert await TRANSACTION.value(session) != await TRANSACTION.value(session)
    async with transaction(sessions) as session:  # the next user of that session
        assert await TRANSACTION.value(session) == await TRANSACTION.value(session)


async def test_what_raises_leaves_nothing(sessions):
    async def twice() -> None:
        async with transaction(sessions) as session:
            await MADE.run_each(session, [{"connection": "a"}])
            await MADE.run_each(session, [{"connection": "b"}, {"connection": "a"}])

    with pytest.raises(DATABASE_ERRORS):
        await twice()
    assert await names(sessions) == []


async def test_who_is_cancelled_in_a_transaction_leaves_nothing_open(sessions):
    entered = asyncio.Event()

    async def stay() -> None:
        async with transaction(sessions) as session:
            await MADE.run(session, connection="a")
            entered.set()
            await Statement(select(func.pg_sleep(60))).run(session)

    for _ in range(6):  # more than there are sessions
        entered.clear()
        staying = asyncio.create_task(stay())
        await entered.wait()
        staying.cancel()
        await asyncio.gather(staying, return_exceptions=True)
        assert await names(sessions) == []


async def test_sessions_that_the_server_ended_are_replaced(sessions, owner_engine):
    async with transaction(sessions) as first, transaction(sessions) as second:
        process = Statement(select(func.pg_backend_pid()))
        ended = [await process.value(session) for session in (first, second)]
    async with owner_engine.connect() as owner:
        await owner.execute(text("SELECT pg_terminate_backend(id) FROM unnest(CAST(:ids AS int[])) id"), {"ids": ended})
    await asyncio.sleep(0.2)
    for _ in range(4):
        assert await names(sessions) == []


async def test_a_pools_session_keeps_its_role_and_limits(worker_pool):
    limits = Statement("SELECT current_user AS who, current_setting('statement_timeout') AS longest")
    numbers = Statement("SELECT current_setting('transaction_timeout', true)")
    for _ in range(3):
        async with at_once(worker_pool) as session:
            row = await limits.row(session)
            longest = await numbers.value(session)
        assert (row.who, row.longest) == ("invoice_export_worker", "30s")
        assert longest in ("30s", None)  # None: before PostgreSQL 17


async def test_a_pool_waits_for_a_session_and_then_goes_on(worker_pool):
    async with worker_pool.acquire(), worker_pool.acquire(), worker_pool.acquire(), worker_pool.acquire():
        waiting = asyncio.create_task(names(worker_pool))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert await waiting == []


@pytest.mark.parametrize(
    ("statement", "values", "told"),
    [
        (FAILURES, {}, r"missing \['name'\]"),
        (FAILURES, {"name": "a", "nam": "b"}, r"unknown \['nam'\]"),
        (Statement(update(connection_states).values(failures=bindparam("n"))), {}, r"missing \['n'\]"),
        (Statement(select(STATES.failures).where(STATES.connection.in_(bindparam("names")))), {"names": []}, "any_"),
    ],
)
async def test_a_parameter_too_few_or_too_many_is_told(worker_pool: asyncpg.Pool, statement, values, told):
    async with at_once(worker_pool) as session:
        with pytest.raises(TypeError, match=told):
            await statement.rows(session, **values)


async def test_one_of_many_is_asked_by_an_array(sessions):
    some = Statement(select(STATES.connection).where(STATES.connection == any_(bindparam("some", type_=ARRAY(Text)))))
    async with transaction(sessions) as session:
        await MADE.run_each(session, ({"connection": name} for name in "abc"))
        assert {row.connection for row in await some.rows(session, some=["a", "c", "z"])} == {"a", "c"}
