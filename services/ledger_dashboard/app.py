"""The dashboard put together: what is opened, in which order it is closed, and who gets which path."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger_dashboard import stream
from services.ledger_dashboard.alerts.bell import Bell
from services.ledger_dashboard.alerts.ways import ways_of
from services.ledger_dashboard.api import approvers as api_approvers
from services.ledger_dashboard.api import audit as api_audit
from services.ledger_dashboard.api import connections as api_connections
from services.ledger_dashboard.api import events as api_events
from services.ledger_dashboard.api import exports as api_exports
from services.ledger_dashboard.api import figures as api_figures
from services.ledger_dashboard.api import mappings as api_mappings
from services.ledger_dashboard.api import orders as api_orders
from services.ledger_dashboard.api import requests as api_requests
from services.ledger_dashboard.api import tie_outs as api_tie_outs
from services.ledger_dashboard.api.answers import PREFIX
from services.ledger_dashboard.asking.dispatch import Dispatch
from services.ledger_dashboard.asking.sender import Sender
from services.ledger_dashboard.desk import Desk
from services.ledger_dashboard.pages import (
    approver_imports,
    approvers,
    audit,
    connections,
    events,
    export,
    exports,
    health,
    mapping_imports,
    mappings,
    orders,
    overview,
    refusals,
    sign_in,
    tie_out,
    words,
)
from services.ledger_dashboard.people.reception import Reception
from services.ledger_dashboard.rendering import FOLDER, STATIC, Pages
from services.ledger_dashboard.settings import AlertSettings, DashboardSettings
from services.ledger_dashboard.watch import Watch
from shared.authorities import usual_authorities
from shared.database import Role, create_engine
from shared.health import Check, Health, health_router
from shared.heartbeat import Heartbeat
from shared.kafka.producer import Producer
from shared.logs import configure_logs
from shared.settings import DatabaseSettings, KafkaSettings, LogSettings, TelemetrySettings
from shared.telemetry import configure_telemetry

PAGES = (overview, exports, export, orders, events, tie_out, health)
REFERENCE = (approvers, approver_imports, connections, mappings, mapping_imports, words, audit)
API = (
    *(api_exports, api_requests, api_orders, api_approvers, api_connections, api_mappings),
    *(api_events, api_tie_outs, api_audit, api_figures),
)
NAME = "ledger_dashboard"
GRACEFUL_SECONDS = 5
NOT_STARTED = 3
ALERT_SECONDS = 10.0
CANCEL_AGAIN_SECONDS = 0.5
YEAR = 31_536_000
MOST_BODY_BYTES = 4_000_000  # also of those whom nobody knows yet; the largest file that is taken is half of it
POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{what}-src 'self'" for what in ("script", "style", "img", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class DashboardServiceSettings(
    DatabaseSettings, KafkaSettings, DashboardSettings, AlertSettings, LogSettings, TelemetrySettings
):
    """Everything that the dashboard's process is told."""


def create_app(settings: DashboardServiceSettings) -> FastAPI:
    """Neither Kafka nor Postgres has to be there for the start."""

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as closing:
            closing.callback(configure_telemetry(settings, service=NAME))
            engine = create_engine(settings.database_url.get_secret_value(), Role.DASHBOARD, application_name=NAME)
            closing.push_async_callback(engine.dispose)
            producer = Producer(settings, client_id=NAME)
            closing.push_async_callback(producer.stop)
            await producer.start()
            sender = Sender(producer, settings.command_signing_key, engine)
            watch = Watch(settings.database_url)
            app.state.desk = Desk(settings, engine, Pages(), sender, watch)
            app.state.reception = Reception(engine, settings)
            checks.add("database", lambda: _answers(engine))
            trusting = usual_authorities(trust_env=False)
            outward = httpx.AsyncClient(trust_env=False, timeout=ALERT_SECONDS, verify=trusting)
            client = await closing.enter_async_context(outward)
            ways = ways_of(settings, client, settings.dashboard_url)
            tasks = (
                watch.run(),
                Dispatch(engine, sender, settings.database_url).run(),
                Bell(engine, settings.database_url, settings, ways).run(),
                Heartbeat(engine, service="dashboard", health=checks, detail=lambda: _vitals(watch)).run(),
            )
            for task in tasks:
                closing.push_async_callback(_end, asyncio.create_task(task))
            yield

    checks = Health()
    app = FastAPI(
        title="invoice-export",
        lifespan=opened,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        max_body_size=MOST_BODY_BYTES,
    )
    app.middleware("http")(_secured)
    app.include_router(health_router(checks))
    for part in (*PAGES, *REFERENCE, *API, stream):
        app.include_router(part.router)
    sign_in.add_to(app)
    refusals.add_to(app)
    app.mount(STATIC, StaticFiles(directory=FOLDER / "static"))
    return app


def run(settings: DashboardServiceSettings) -> None:
    """Serves until SIGTERM or SIGINT."""
    configure_logs(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host="0.0.0.0",
        port=settings.port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    server = _Server(config, app)
    with suppress(KeyboardInterrupt):  # uvicorn gives the signal on when it has ended
        server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


class _Server(uvicorn.Server):
    """Ends the event streams first, which would last until it is out of patience."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Once it is told to end, before the application is."""
        desk: Desk = self._app.state.desk
        await desk.watch.end()
        await super().shutdown(sockets)


async def _secured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    is_static = request.url.path.startswith(f"{STATIC}/")
    response.headers.setdefault("Cache-Control", f"public, max-age={YEAR}, immutable" if is_static else "no-store")
    return response


async def _answers(engine: AsyncEngine) -> Check:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return Check(ok=True)


async def _vitals(watch: Watch) -> Mapping[str, Any]:
    return {"watchers": watch.watchers}


async def _end(task: asyncio.Task[None]) -> None:
    # Again and again: Python 3.11's wait_for, which aiosmtplib uses, loses a cancellation that meets an answer.
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_SECONDS)
    if not task.cancelled():
        task.result()
