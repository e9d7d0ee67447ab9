"""What a house is put together from: settings, the worker and the receiver in this process, and their logs."""

import asyncio
import contextlib
import io
import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from deploy.sandbox.procore.server import serving
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.reconciliation import Found, Reconciliation
from services.export_worker.worker import Worker, WorkerServiceSettings
from services.webhook_receiver.app import ReceiverSettings, create_app
from shared.connections.catalog import load_catalog
from shared.database import Role, create_engine
from shared.logs import configure_logs
from shared.procore.client import ProcoreClient
from shared.settings import LogSettings
from tests.support.connection_tables import connection_table

CONNECTION = "harbor"
SECRET = "erp-secret"


@dataclass(frozen=True)
class Secrets:
    """Planted, so that a test can look for them where they must not be."""

    webhook_token: str = field(default_factory=lambda: f"hook-{secrets.token_hex(16)}")
    procore_secret: str = field(default_factory=lambda: f"procore-{secrets.token_hex(16)}")
    erp_secret: str = field(default_factory=lambda: f"erp-{secrets.token_hex(16)}")
    signing_key: str = field(default_factory=lambda: f"signing-{secrets.token_hex(16)}")
    seal_key: str = field(default_factory=lambda: f"seal-{secrets.token_hex(16)}")


def write_connection(folder: Path, *, secret: str, **connection: Any) -> Path:
    """The connections file of a house: one connection, `connection` as `connection_table` takes it."""
    (folder / SECRET).write_text(secret, encoding="utf-8")
    path = folder / "connections.toml"
    path.write_text(connection_table(CONNECTION, secret=secret_in(folder), **connection), encoding="utf-8")
    return path


def secret_in(folder: Path) -> str:
    """The reference to the secret of the connections of a house."""
    return f"file:{folder / SECRET}"


class Workers:
    """The workers of one house, started and stopped as a story wants it."""

    def __init__(self, settings: WorkerServiceSettings) -> None:
        self.settings = settings
        self._running: list[tuple[Worker, asyncio.Task[None]]] = []

    def start(self) -> Worker:
        """One more."""
        worker = Worker(self.settings)
        self._running.append((worker, asyncio.create_task(worker.run())))
        return worker

    @property
    def first(self) -> Worker:
        """The one that was started first."""
        return self._running[0][0]

    async def stop(self) -> None:
        """All of them, in order. Raises what one of them died of."""
        running, self._running = self._running, []
        for _, task in running:
            task.cancel()
        for _, task in running:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def reconciled(settings: WorkerServiceSettings, grace: timedelta) -> Found:
    """One run over the house's connection, as the command line makes one."""
    engine = create_engine(settings.database_url.get_secret_value(), Role.WORKER, application_name="test")
    procore = ProcoreClient(
        settings.procore_api_url, settings.procore_login_url, settings.procore_client_id, settings.procore_client_secret
    )
    catalog = load_catalog(settings.connections_file, adapters=ADAPTERS)
    async with procore:
        found = await Reconciliation(engine, procore, catalog, share=1, grace=grace).run()
    await engine.dispose()
    return found[CONNECTION]


@asynccontextmanager
async def running_receiver(settings: ReceiverSettings) -> AsyncIterator[str]:
    """Its address."""
    async with serving(create_app(settings)) as url:  # type: ignore[arg-type]
        yield url


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that the services log, as they would write it: one JSON object a line."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    configure_logs(LogSettings(log_format="json", log_level="INFO"), stream)
    try:
        yield stream
    finally:
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
