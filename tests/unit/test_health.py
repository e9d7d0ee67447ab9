import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter

from shared import health as health_module
from shared.health import Check, Health, health_router

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def health():
    return Health()


@pytest.fixture
async def client(health):
    registry = CollectorRegistry()
    Counter("cats", "Cats seen.", registry=registry).inc()
    app = FastAPI()
    app.include_router(health_router(health, registry))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


def answering(*checks: Check):
    answers = list(checks)

    async def check() -> Check:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return check


async def test_ready_while_every_check_is_fine(health, client):
    health.add("kafka", answering(Check(ok=True, detail="lag 0")))
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["kafka"]["detail"] == "lag 0"


async def test_not_ready_names_what_fails(health, client):
    async def broken() -> Check:
        raise OSError("postgresql://ada:hush@db")

    health.add("kafka", answering(Check(ok=True)))
    health.add("clock", answering(Check(ok=False, detail="no look for 60 s")))
    health.add("database", broken)
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["failing"] == ["clock", "database"]
    assert "hush" not in answer.text
    assert (await client.get("/healthz")).status_code == 200


async def test_a_check_that_hangs_is_failing(health, monkeypatch):
    monkeypatch.setattr(health_module, "CHECK_SECONDS", 0.01)

    async def hangs() -> Check:
        await asyncio.Event().wait()
        raise AssertionError

    health.add("erp", hangs)
    found = await health.look()
    assert not found["erp"].ok
    assert "no answer" in found["erp"].detail


async def test_since_is_when_the_state_began(health):
    health.add("kafka", answering(Check(ok=True), Check(ok=True), Check(ok=False)))
    assert (await health.look(NOW))["kafka"].since == NOW
    later = NOW + timedelta(minutes=1)
    assert (await health.look(later))["kafka"].since == NOW
    assert (await health.look(later))["kafka"].since == later


async def test_a_checks_own_since_is_kept(health):
    health.add("kafka", answering(Check(ok=False, since=NOW)))
    assert (await health.look())["kafka"].since == NOW


async def test_metrics_are_told_to_prometheus(client):
    assert "cats_total 1.0" in (await client.get("/metrics")).text
