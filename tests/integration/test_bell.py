"""The bell over a real ledger, with real servers behind each way: told together, once, and with the end."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from services.ledger_dashboard import app
from services.ledger_dashboard.alerts import bell as module
from services.ledger_dashboard.alerts.bell import Bell
from services.ledger_dashboard.alerts.ways import ways_of
from services.ledger_dashboard.settings import AlertSettings
from shared.health import Health
from shared.heartbeat import Heartbeat
from shared.ledger.words import Reason
from tests.support.certificates import write_certificate
from tests.support.house_parts import logged
from tests.support.ledgers import an_export, append, exported, held_for
from tests.support.receivers import LOGIN, PASSWORD, MailServer, WebServer, mail_server, web_server

SECRET = "whsec_" + "c2l4dGVlbi1vci1tb3JlLWNoYXJhY3RlcnM="
SLACK_PATH = "/services/T0SECRET/B0SECRET"
MINUTE = timedelta(minutes=1)
TRIES = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'ledger_dashboard:bell' AND query LIKE 'SELECT pg_try_advisory_lock%' AND query_start > $1
"""


@dataclass
class Listeners:
    """Everybody whom the bell tells."""

    mails: MailServer
    slack: WebServer
    hook: WebServer
    settings: AlertSettings
    client: httpx.AsyncClient

    @property
    def heard(self) -> tuple[int, int, int]:
        """How many messages each has taken."""
        return len(self.mails.mails), len(self.slack.posted), len(self.hook.posted)

    @property
    def newest(self) -> list[str]:
        """The lines of the newest mail."""
        return [line for line in self.mails.mails[-1].get_content().splitlines() if line]


@pytest.fixture
async def listeners(tmp_path, monkeypatch) -> AsyncIterator[Listeners]:
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    async with (
        mail_server(certificate) as mails,
        web_server() as slack,
        web_server() as hook,
        httpx.AsyncClient(trust_env=False, timeout=0.5) as client,
    ):
        login, password = (quote(word, safe="") for word in (LOGIN, PASSWORD))
        given = {
            "smtp_url": f"smtp://{login}:{password}@localhost:{mails.port}",
            "alert_mail_from": LOGIN,
            "alert_mail_to": "ops@ironside.example",
            "alert_slack_url": slack.url + SLACK_PATH,
            "alert_webhook_url": f"{hook.url}/alerts",
            "alert_webhook_secret": SECRET,
        }
        yield Listeners(mails, slack, hook, AlertSettings.model_validate(given), client)


@pytest.fixture
async def rings(database_url, dashboard_engine, worker_engine, owner_engine, listeners):
    """Makes a bell; a worker and a receiver are there for as long as the test lasts."""
    for service in ("worker", "receiver"):
        await Heartbeat(worker_engine, service=service, health=Health(), detail=_nothing).beat()
    async with owner_engine.begin() as session:
        await session.execute(text("UPDATE service_instances SET seen_at = now() + interval '1 hour'"))

    def made() -> Bell:
        ways = ways_of(listeners.settings, listeners.client, "https://exports.example")
        return Bell(dashboard_engine, SecretStr(database_url), listeners.settings, ways)

    return made


async def _nothing() -> dict[str, object]:
    return {}


async def hold(engine, *invoices: int, reason: Reason = Reason.APPROVER_LACKS_PRIVILEGE) -> list[int]:
    return [await an_export(engine, held_for(reason), invoice=str(each)) for each in invoices]


async def looks(bell: Bell, start: datetime, minutes: range) -> None:
    for minute in minutes:
        await bell.look(start + minute * MINUTE)


async def test_a_month_end_is_one_message_an_hour(worker_engine, owner_engine, rings, listeners):
    bell, start = rings(), datetime.now(UTC)
    for third in range(3):
        await hold(worker_engine, *range(third * 100, third * 100 + 100))
        await looks(bell, start, range(third * 10, third * 10 + 10))
    assert listeners.heard == (1, 1, 1)
    assert listeners.newest[0].startswith("100 exports are held on harbor-sandbox: approver lacks privilege.")
    await looks(bell, start, range(30, 240))
    assert listeners.heard == (2, 2, 2)
    assert listeners.newest[0].startswith("300 exports are held")
    async with owner_engine.begin() as session:
        await session.execute(text("UPDATE exports SET status = 'exported', reasons = '{}'"))
    await looks(bell, start, range(240, 300))
    assert listeners.heard == (3, 3, 3)
    assert listeners.mails.mails[-1]["Subject"] == "invoice-export: 1 over"
    assert listeners.newest[0].startswith("Over: 300 exports are held")
    await bell.look(start + timedelta(days=8))
    async with owner_engine.connect() as session:
        assert await session.scalar(text("SELECT count(*) FROM alert_states")) == 0


async def test_several_troubles_come_in_one_message(worker_engine, rings, listeners):
    bell, start = rings(), datetime.now(UTC)
    await hold(worker_engine, 1, 2)
    await bell.look(start)
    await hold(worker_engine, 3, reason=Reason.MISSING_MAPPING)
    await bell.look(start + MINUTE / 2)
    assert listeners.heard == (0, 0, 0)
    await looks(bell, start, range(1, 5))
    assert listeners.heard == (1, 1, 1)
    assert listeners.mails.mails[0]["Subject"] == "invoice-export: 2 need attention"
    assert [line.split()[0] for line in listeners.newest] == ["2", "1"]


async def test_wrong_tokens_ring_on_every_way(owner_engine, rings, listeners):
    bell, start = rings(), datetime.now(UTC)
    seen = json.dumps({"webhooks": {"refused": 3}, "refused_at": start.isoformat()})
    async with owner_engine.begin() as session:
        await session.execute(
            text("UPDATE service_instances SET detail = CAST(:seen AS jsonb) WHERE service = 'receiver'"),
            {"seen": seen},
        )
    await looks(bell, start, range(3))
    assert listeners.heard == (1, 1, 1)
    assert listeners.newest[0].startswith("The receiver refused 3 webhooks")


async def test_a_way_that_is_down_stops_no_other(worker_engine, rings, listeners):
    bell, start = rings(), datetime.now(UTC)
    listeners.mails.answer = f"452 no room, {LOGIN}:{PASSWORD}"
    listeners.slack.may_answer.clear()
    await hold(worker_engine, 1)
    with logged() as log:
        await looks(bell, start, range(3))
        assert listeners.heard == (0, 2, 1)
        listeners.slack.status = 500
        listeners.slack.may_answer.set()
        await looks(bell, start, range(3, 4))
        listeners.mails.answer, listeners.slack.status = "250 taken", 200
        await looks(bell, start, range(4, 10))
    assert listeners.heard == (1, 4, 1)
    told = "".join(line for line in log.getvalue().splitlines() if '"logger": "mail.log"' not in line)  # the server's
    assert [line in told for line in ("SMTPDataError 452", "ReadTimeout", "HTTP 500", "alert.told")] == [True] * 4
    for secret in (PASSWORD, quote(PASSWORD, safe=""), LOGIN, SLACK_PATH, SECRET, SECRET.removeprefix("whsec_")):
        assert secret not in told


async def test_a_way_that_hangs_is_given_up(worker_engine, rings, listeners, monkeypatch):
    monkeypatch.setattr(module, "MOST_SECONDS", 0.2)
    listeners.slack.may_answer.clear()
    await hold(worker_engine, 1)
    with logged() as log:
        await looks(rings(), datetime.now(UTC), range(2))
    assert listeners.heard == (1, 1, 1)
    assert "no answer within 0.2 s" in log.getvalue()


async def test_an_end_that_nobody_knew_of_is_not_told(worker_engine, rings, listeners):
    bell, start = rings(), datetime.now(UTC)
    listeners.slack.status = 500
    (export,) = await hold(worker_engine, 1)
    await looks(bell, start, range(2))
    await append(worker_engine, export, *exported())
    listeners.slack.status = 200
    await looks(bell, start, range(2, 10))
    assert len(listeners.mails.mails) == len(listeners.hook.posted) == 2
    assert len(listeners.slack.posted) == 1


@pytest.fixture
async def session(database_url) -> AsyncIterator[asyncpg.Connection]:
    """The owner's, beside the bells."""
    session = await asyncpg.connect(database_url)
    yield session
    await session.close()


async def test_a_bell_that_loses_a_cancellation_is_ended():
    async def stubborn() -> None:
        for _ in range(2):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        await app._end(asyncio.create_task(stubborn()))


async def test_two_dashboards_ring_once(worker_engine, owner_engine, session, rings, listeners, monkeypatch):
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.02)
    async with ringing(rings()) as first:
        await hold(worker_engine, 1)
        await _begun_long_ago(owner_engine)
        await _until(lambda: listeners.heard == (1, 1, 1))
        listeners.hook.may_answer.clear()
        async with ringing(rings()):
            await hold(worker_engine, 2, reason=Reason.MISSING_MAPPING)
            await _begun_long_ago(owner_engine)
            await _until(lambda: len(listeners.hook.posted) == 2)
            for _ in range(3):  # the second dashboard asks for the lock, in vain, while the first one is telling
                await _asked(session, await session.fetchval("SELECT clock_timestamp()"))
            assert listeners.heard == (2, 2, 2)
            await app._end(first)
            listeners.hook.may_answer.set()
            await hold(worker_engine, 3, reason=Reason.PERIOD_CLOSED)
            await _begun_long_ago(owner_engine)
            await _until(lambda: "period closed" in " ".join(listeners.newest))


class Clumsy:
    """A way with a fault of its own, the first time."""

    name, tried = "clumsy", 0

    async def tell(self, news, now) -> None:
        self.tried += 1
        if self.tried == 1:
            raise ValueError("what it tells is not JSON")


async def test_a_fault_of_ours_does_not_end_the_alerts(
    rings, database_url, dashboard_engine, listeners, worker_engine, owner_engine, monkeypatch
):
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.02)
    clumsy = Clumsy()
    await hold(worker_engine, 1)
    bell = Bell(dashboard_engine, SecretStr(database_url), listeners.settings, [clumsy])
    with logged() as lines:
        async with ringing(bell):
            await _begun_long_ago(owner_engine)
            await _until(lambda: clumsy.tried == 2)
        assert "bell.broken" in lines.getvalue()


@asynccontextmanager
async def ringing(bell: Bell) -> AsyncIterator[asyncio.Task[None]]:
    """As a dashboard runs it, until the block ends."""
    running = asyncio.create_task(bell.run())
    try:
        yield running
    finally:
        await app._end(running)


async def _begun_long_ago(owner) -> None:
    """Once the bell has seen it."""
    begun = text(
        "UPDATE alert_states SET since = since - interval '2 minutes' WHERE since > now() - interval '1 minute'"
    )
    async with asyncio.timeout(20):
        while True:
            async with owner.begin() as session:
                if (await session.execute(begun)).rowcount:
                    return


async def _until(holds) -> None:
    async with asyncio.timeout(20):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


async def _asked(session: asyncpg.Connection, since: datetime) -> None:
    async with asyncio.timeout(20):
        while not await session.fetchval(TRIES, since):
            continue
