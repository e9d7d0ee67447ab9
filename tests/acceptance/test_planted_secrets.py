"""Every secret there is, planted, and a whole story around it: afterwards it stands nowhere that it must not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.faulty.effects import LOG_IN_REPEATED
from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from services.export_worker.worker import WorkerServiceSettings
from services.ledger_dashboard.alerts.bell import Bell
from services.ledger_dashboard.alerts.ways import ways_of
from services.ledger_dashboard.app import DashboardServiceSettings, create_app
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from services.webhook_receiver.app import ReceiverSettings
from shared.database import Role as DatabaseRole
from shared.database import create_engine
from shared.events.command import Action
from shared.ledger.words import EntryKind, Reason
from shared.logs import configure_logs
from shared.settings import LogSettings, TelemetrySettings
from shared.telemetry import configure_telemetry
from tests.support.dashboard import open_dashboard, settings_of
from tests.support.environment import environment_of
from tests.support.house import House
from tests.support.house_parts import CONNECTION, running_receiver
from tests.support.outside import seen_from_outside
from tests.support.people import PASSWORD, a_token
from tests.support.planting import (
    Places,
    Planted,
    look_at_commands,
    look_at_tables,
    look_at_topics,
    plant,
    planted,
    secret_settings,
    written,
)
from tests.support.raising_erp import RAISING, Faulty
from tests.support.receivers import WebServer, web_server
from tests.support.routes import PLACES, all_routes

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(240)]

EMAIL = "planted.approver@example.com"
# Who approves is recorded by name and address, and shown to those who look after the records.
OPEN = (
    *("table approver_records", "command approvers", "GET /approvers", "GET /approvers/{company}/{user}"),
    *("GET /api/v1/approvers", "GET /api/v1/approvers/{company_id}/{user_id}"),
)
ALLOWED = {("approver's e-mail", place) for place in OPEN}
COMMANDS = (
    *(("exports", "list"), ("approvers", "list"), ("mappings", "list"), ("mappings", "suggest", CONNECTION)),
    *(("connections", "list"), ("connections", "check", CONNECTION), ("connections", "things-to-know", CONNECTION)),
    *(("hooks", "status"), ("hooks", "provision"), ("ledger", "verify"), ("tokens", "list"), ("accounts", "list")),
    *(("accounts", "tokens", "list"), ("reconcile",), ("tie-out",), ("doctor",)),
)
EVERYTHING = Holder("", "nightly", frozenset(Role), None, None)


@dataclass
class Play:
    """A house whose every secret is planted, a dashboard, and a collector that takes traces and alerts."""

    house: House
    planted: Planted
    receiver: str
    dashboard: DashboardServiceSettings
    collector: WebServer
    faulty: Faulty
    places: Places = field(default_factory=Places)

    async def post(self, content: bytes, token: str) -> int:
        """A webhook that somebody sends us."""
        headers = {"authorization": f"Bearer {token}", "cookie": f"session={self.planted.sought['cookie']}"}
        async with httpx.AsyncClient(base_url=self.receiver, trust_env=False, verify=False) as client:
            return (await client.post("/webhooks/procore", content=content, headers=headers)).status_code

    async def a_draft(self) -> int:
        """On a contract of its own, looked at."""
        invoice = await self.house.invoice(contract=await self.house.another_contract())
        await self.house.export_of(invoice, "skipped")
        return await self.house.at_rest(invoice) and invoice


@pytest.fixture
async def play(opens, faulty) -> AsyncIterator[Play]:
    async with AsyncExitStack() as stack:
        collector = await stack.enter_async_context(web_server())
        house = await opens(adapter=RAISING)
        seeds = plant(house)
        seeds.sought.update({name: planted(name) for name in ("cookie", "guessed token", "typed password")})
        seeds.sought.update({"account's password": PASSWORD, "approver's e-mail": EMAIL})
        configure_logs(LogSettings(log_level="DEBUG"), house.log)
        await stack.enter_async_context(traced(collector))
        await house.workers.stop()
        told = dict(house.workers.settings) | seeds.given_to(WorkerServiceSettings)
        house.workers.settings = WorkerServiceSettings(**told)
        house.workers.start()
        own = {name: told[name] for name in ("database_url", "kafka_bootstrap_servers")}
        receiver = running_receiver(ReceiverSettings(**own | seeds.given_to(ReceiverSettings, but=own)))
        more = {
            "alert_webhook_url": collector.url,
            "alert_mail_from": "a@example.com",
            "alert_mail_to": "b@example.com",
        }
        more |= {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "ledger", "oidc_roles": "ops=operator"}
        dashboard = settings_of(house, **seeds.given_to(DashboardServiceSettings) | more)
        yield Play(house, seeds, await stack.enter_async_context(receiver), dashboard, collector, faulty)


@asynccontextmanager
async def traced(collector: WebServer) -> AsyncIterator[None]:
    end = configure_telemetry(TelemetrySettings(otel_exporter_otlp_endpoint=collector.url), service="story")
    try:
        yield
    finally:
        await asyncio.to_thread(end)


def test_every_secret_of_the_environment_is_planted():
    assert len(secret_settings()) >= 13
    assert {"database_url", "smtp_url", "token_encryption_key", "procore_webhook_tokens"} <= secret_settings()


@pytest.mark.parametrize("form", range(5))
def test_a_secret_is_found_in_each_form(form):
    secret, places = 'a planted "secret"', Places({"somewhere": "nothing"})
    assert places.showing({"it": secret}) == set()
    places.add("somewhere", f"before {list(written(secret))[form - 2]} behind")
    assert places.showing({"it": secret}) == {("it", "somewhere")}


async def test_no_planted_secret_is_left_anywhere(play: Play, owner_engine: AsyncEngine):
    exported = await told_and_refused(play)
    await crashed(play)
    await shut_out(play)
    play.planted.sought["api token"] = await a_token(owner_engine, EVERYTHING)
    await look_at_pages(play, (await play.house.export_of(exported)).id)
    await look_behind(play, owner_engine)
    assert str(exported) in play.places.texts["table exports"]
    assert play.places.showing(play.planted.sought) == ALLOWED


async def told_and_refused(play: Play) -> int:
    """Webhooks of all sorts, an export, and one that the ERP refuses with our log-in in its text; then a replay."""
    house, sought = play.house, play.planted.sought
    await house.record(house.ada, email=EMAIL)
    assert await play.post(b"{}", sought["guessed token"]) == 401
    assert await play.post(b"nobody can read this", sought["current token"]) == 204
    assert await play.post(b'{"company_id": 1, "resource_id": 1}', sought["previous token"]) == 204
    exported = await house.approved()
    await house.export_of(exported, "exported")
    await house.followed(exported, EntryKind.FOLLOW_UP_DONE)
    text = f"Nobody comes in with {sought['erp secret']} ({LOG_IN_REPEATED})."
    await house.order(FaultKind.REFUSE, ErpStep.CREATE, text=text)
    refused = await play.a_draft()
    await house.approve(refused)
    await house.export_of(refused, "failed")
    await house.command(refused, Action.REPLAY)
    await house.export_of(refused, "exported")
    return exported


async def crashed(play: Play) -> None:
    """An exception that nobody expects, with the secret in its text."""
    play.faulty.text = f"odd: {play.planted.sought['erp secret']}"
    broken = await play.a_draft()
    play.faulty.invoices.add(broken)
    await play.house.approve(broken)
    await play.house.export_of(broken, "held", reason=Reason.INTERNAL_ERROR)


async def shut_out(play: Play) -> None:
    """The ERP does not know our secret any more, and Procore does not take our log-in."""
    house = play.house
    await house.erp.set_up(house.book, client_secret=planted("another"))
    await house.erp.expire_log_ins(house.book)
    waiting = await play.a_draft()
    await house.approve(waiting)
    await house.export_of(waiting, "retrying", reason=Reason.RETRY_LATER)
    await house.procore.order_fault(401, times=3)
    await house.reconcile()


async def look_at_pages(play: Play, export: int) -> None:
    """Each page and each answer of the API, the unsuccessful sign-ins, and an alert that was told."""
    places, house = play.places, play.house
    own = {"name": CONNECTION, "company": str(house.company), "company_id": str(house.company)}
    own |= {"export_id": str(export), "user": str(house.ada), "user_id": str(house.ada)}
    async with open_dashboard(house, **dict(play.dashboard)) as dashboard:
        visitor = await dashboard.visitor("root")
        bearer = {"authorization": f"Bearer {play.planted.sought['api token']}"}
        for route in all_routes(create_app(play.dashboard)):
            if route.method != "GET" or route.path == "/events":
                continue
            headers = bearer if route.is_api else {}
            answer = await visitor.web.get(route.address(PLACES | own), headers=headers)
            places.add(str(route), f"{answer.headers}\n{answer.text}")
        stranger = await dashboard.visitor()
        for login, password in (("root", play.planted.sought["typed password"]), ("nobody", "typed")):
            answer = await stranger.web.post("/sign-in", data={"login": login, "password": password, "next": "/"})
            places.add("POST /sign-in", answer.text)
    await an_alert(play)


async def an_alert(play: Play) -> None:
    """Told by each way, once it has lasted for a minute. Two of the ways lead nowhere."""
    given, now = play.dashboard, datetime.now(UTC)
    engine = create_engine(play.house.database_url, DatabaseRole.DASHBOARD, application_name="test")
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        bell = Bell(engine, given.database_url, given, ways_of(given, client, None))
        for minutes in range(3):
            await bell.look(now + timedelta(minutes=minutes))
    await engine.dispose()
    assert play.house.logged("alert.told")
    assert {line["way"] for line in play.house.logged("alert.postponed")} == {"mail", "slack"}


async def look_behind(play: Play, owner: AsyncEngine) -> None:
    """Commands, metrics, tables, topics, logs, traces and alerts."""
    places, house = play.places, play.house
    environment = environment_of(house.workers.settings) | environment_of(play.dashboard)
    environment |= {"PROCORE_WEBHOOK_TOKENS": play.planted.values["procore_webhook_tokens"]}
    environment |= {"RECEIVER_URL": play.receiver}
    await look_at_commands(places, COMMANDS, environment)
    async with seen_from_outside(house.workers.first) as outside:
        for path in ("/metrics", "/readyz", "/healthz"):
            places.add(f"worker {path}", (await outside.get(path)).text)
    async with httpx.AsyncClient(base_url=play.receiver, trust_env=False, verify=False) as receiver:
        for path in ("/metrics", "/readyz", "/healthz", "/openapi.json"):
            places.add(f"receiver {path}", (await receiver.get(path)).text)
    await look_at_tables(places, owner)
    await look_at_topics(places, house.workers.settings.kafka_bootstrap_servers[0])
    places.add("logs", house.log.getvalue())

    async def is_traced() -> bool:
        return any(posted.path == "/v1/traces" for posted in play.collector.posted)

    await house.view.until(is_traced, "trace", within=20)
    for posted in play.collector.posted:
        told = "\n".join(f"{name}: {value}" for name, value in posted.headers.items()).encode()
        places.add("traces" if posted.path == "/v1/traces" else "alerts", told + posted.body)
