"""A worker goes by the database's time, whatever its own machine's clock says."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from services.export_worker import timekeeping
from services.export_worker.timekeeping import Timepiece
from shared.database import Role, create_engine
from shared.statements import Statement

HOURS = timedelta(hours=4)
A_MOMENT = timedelta(seconds=1)


@pytest.fixture(params=[HOURS, -HOURS], ids=["ahead", "behind"])
def wrong(request, monkeypatch):
    """This machine's clock is set wrong."""
    monkeypatch.setattr(timekeeping, "datetime", SimpleNamespace(now=lambda zone: datetime.now(zone) + request.param))
    return request.param


def is_about(moment, expected):
    return abs(moment - expected) < A_MOMENT


async def test_the_database_is_believed(wrong, worker_engine):
    piece = Timepiece()
    assert is_about(piece.now(), datetime.now(UTC) + wrong)
    await piece.hear(worker_engine)
    assert is_about(piece.now(), datetime.now(UTC))


async def test_a_clock_that_jumps_changes_nothing(worker_pool, monkeypatch):
    piece = Timepiece()
    await piece.hear(worker_pool)
    monkeypatch.setattr(timekeeping, "datetime", SimpleNamespace(now=lambda zone: datetime.now(zone) + HOURS))
    await asyncio.sleep(0.05)
    assert is_about(piece.now(), datetime.now(UTC))


async def test_an_answer_that_took_long_is_not_believed(worker_pool, monkeypatch):
    piece = Timepiece()
    await piece.hear(worker_pool)
    late = select(func.clock_timestamp() - HOURS, func.pg_sleep(timekeeping.LONGEST_ANSWER_SECONDS + 0.1))
    monkeypatch.setattr(timekeeping, "_TOLD", Statement(late))
    await piece.hear(worker_pool)
    assert is_about(piece.now(), datetime.now(UTC))


async def test_it_is_kept_when_the_database_comes_back(worker_engine, monkeypatch):
    monkeypatch.setattr(timekeeping, "EVERY_SECONDS", 0.05)
    engines = [create_engine("postgresql://127.0.0.1:1/none", Role.WORKER, application_name="test"), worker_engine]
    piece = Timepiece()
    for engine in engines:
        keeping = asyncio.create_task(piece.keep(engine))
        await asyncio.sleep(0.3)
        assert not keeping.done()
        keeping.cancel()
        await asyncio.wait({keeping})
    monkeypatch.setattr(timekeeping, "datetime", SimpleNamespace(now=lambda zone: datetime.now(zone) + HOURS))
    assert is_about(piece.now(), datetime.now(UTC))
