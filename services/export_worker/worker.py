"""The worker put together: consumption, lanes, reconciliation, publication, and a health that means progress."""

import asyncio
import contextlib
import math
import os
import secrets
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog

from services.export_worker import timekeeping
from services.export_worker.adoption import adopt_unserved
from services.export_worker.clock import Lane, wake_successors
from services.export_worker.consumption import Consumption
from services.export_worker.delivery_list import DeliveryList
from services.export_worker.display import Display, DisplaySettings
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.gauges import keep_gauges
from services.export_worker.ledger_writer import LedgerWriter
from services.export_worker.links import Link, LinkBook, make_links
from services.export_worker.metrics import LAG, PROCORE_SECONDS
from services.export_worker.pipeline.house import House, Trust
from services.export_worker.pipeline.hydration import Hydration
from services.export_worker.publication import Publication
from services.export_worker.reconciliation import Reconciliation
from services.export_worker.sealing import Sealing
from services.export_worker.tie_out import TieOuts
from shared.connections.catalog import Catalog, load_catalog
from shared.connections.token_store import TokenStore
from shared.database import DATABASE_ERRORS, Role, connect_raw, create_engine, create_pool
from shared.events.topics import Topic
from shared.health import Check, Health
from shared.kafka.connection import BrokerUnavailable
from shared.kafka.consumer import Consumer, Gap, Progress
from shared.kafka.producer import Producer
from shared.ledger.changes import Channel
from shared.procore.client import ProcoreClient
from shared.procore.payment_applications import PaymentApplications
from shared.procore.transport import Call
from shared.procore.webhooks import Webhooks
from shared.settings import KafkaSettings

READ = (Topic.WEBHOOKS, Topic.COMMANDS, Topic.DEAD_LETTERS)
STUCK_AFTER = 60.0
WATCH_SECONDS = 5.0
RESTART_SECONDS = 1.0
DRAIN_SECONDS = 20.0
REPEAT_SECONDS = 30.0
TOKEN_ROUTE = "/oauth/token"  # noqa: S105 - an address
LOG_IN_REFUSALS = frozenset({400, 401, 403})
NAME = "export_worker"

log = structlog.get_logger(NAME)


class WorkerServiceSettings(KafkaSettings, DisplaySettings):
    """Everything that the worker's process is told."""


class Worker:
    """One process. Any number of them share the ledger; each connection's lane runs in all of them."""

    def __init__(self, settings: WorkerServiceSettings) -> None:
        self._settings = settings
        self._catalog: Catalog = load_catalog(settings.connections_file, adapters=ADAPTERS)
        url = settings.database_url.get_secret_value()
        self._engine = create_engine(url, Role.WORKER, application_name=NAME, pool_size=12)
        self._pool = create_pool(url, Role.WORKER, application_name=NAME, size=8)  # for the walks
        tokens = TokenStore.with_keys(self._engine, settings.token_encryption_key)
        self._links = make_links(self._catalog, os.environ, tokens)
        self._procore = ProcoreClient(
            settings.procore_api_url,
            settings.procore_login_url,
            settings.procore_client_id,
            settings.procore_client_secret,
            clock=timekeeping.now,
            observer=self._observe,
        )
        self._producer = Producer(settings, client_id=NAME)
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._house = House(
            sessions=self._pool,
            writer=LedgerWriter(self._pool, name),
            hydration=Hydration(PaymentApplications(self._procore), DeliveryList(Webhooks(self._procore)), self._pool),
            book=LinkBook(self._pool),
            trust=Trust.of(settings, settings),
        )
        every = timedelta(hours=settings.seal_every_hours)
        self._consumption = Consumption(self._engine, self._catalog, settings.command_signing_key)
        self._sealing = Sealing(self._engine, settings.ledger_seal_key, every=every)
        lease = timedelta(seconds=settings.worker_lease_seconds)
        self._lanes = [Lane(self._house, name, link, lease=lease) for name, link in self._links.items()]
        self._lanes.append(Lane(self._house, "", None, lease=lease))
        self._tie_outs_asked: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # by connection
        self._progress: Progress | None = None
        self._gaps: set[Gap] = set()
        self._log_in_refused = False
        self.health = Health()
        self.health.add("database", self._database_answers)
        self.health.add("kafka", self._kafka_moves)
        self.health.add("procore", self._procore_lets_us_in)
        self.health.add("connections", self._connections_work)
        self._display = Display(
            settings,
            engine=self._engine,
            procore=self._procore,
            catalog=self._catalog,
            links=self._links,
            health=self.health,
            kafka=lambda: (self._progress, self._gaps),
        )

    async def run(self) -> None:
        """Until cancelled; then walks under way end, and what was claimed but not walked is left to its lease."""
        async with self._pool:
            try:
                await self._producer.start()
                await _until_done(lambda: timekeeping.TIMEPIECE.hear(self._pool), "start.postponed")
                await _until_done(lambda: adopt_unserved(self._engine, self._catalog), "start.postponed")
                async with asyncio.TaskGroup() as group:
                    for task in self._tasks():
                        group.create_task(task)
            finally:
                await asyncio.gather(*(lane.drain(DRAIN_SECONDS) for lane in self._lanes))
                await self._close()

    def _tasks(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._consume(),
            self._listen(),
            timekeeping.TIMEPIECE.keep(self._pool),
            wake_successors(self._house, self._wake),
            keep_gauges(self._engine, self._procore.budget, list(self._links)),
            self._reconcile(),
            *(_repeat(work, name) for name, work in self._display.tasks().items()),
            _repeat(self._consumption.take_up_postponed, "postponed"),
            _repeat(self._sealing.run_due, "sealing"),
            *(self._tie_out(link) for link in self._links.values()),
            *(lane.run() for lane in self._lanes),
        ]

    async def _close(self) -> None:
        for link in self._links.values():
            await link.adapter.close()
        await self._procore.aclose()
        await self._producer.stop()
        await self._engine.dispose()

    def _wake(self) -> None:
        for lane in self._lanes:
            lane.wake()

    async def _consume(self) -> None:
        """Read, store, commit; a consumer that is lost or stuck is made anew."""
        while True:
            try:
                async with Consumer(self._settings, READ) as consumer, self._watched(consumer):
                    async for batch in consumer.batches():
                        await _until_done(lambda batch=batch: self._consumption.store(batch), "batch.postponed")  # type: ignore[misc]
                        await consumer.commit(batch)
            except (BrokerUnavailable, StuckConsumer) as error:
                log.warning("consumer.restarted", why=str(error))
                await asyncio.sleep(RESTART_SECONDS)

    @contextlib.asynccontextmanager
    async def _watched(self, consumer: Consumer) -> AsyncIterator[None]:
        """Watch progress beside reading. aiokafka can stick silently after a broker restart."""
        reading = asyncio.current_task()
        stuck = False

        async def watch() -> None:
            nonlocal stuck
            while True:
                await asyncio.sleep(WATCH_SECONDS)
                progress = await consumer.progress()
                self._note(progress)
                if progress.is_stuck(after=STUCK_AFTER) and reading is not None:
                    stuck = True
                    reading.cancel()
                    return

        watching = asyncio.create_task(watch())
        try:
            self._note(await consumer.progress())
            yield
        except asyncio.CancelledError:
            if stuck and reading is not None:
                reading.uncancel()
                raise StuckConsumer("no record was read for too long") from None
            raise
        finally:
            self._note(None)
            watching.cancel()

    def _note(self, progress: Progress | None) -> None:
        """For health and for the gauge, which knows no lag while nobody reads or Kafka does not tell."""
        self._progress = progress
        self._gaps.update(progress.gaps if progress else ())
        lag = progress.lag if progress else None
        LAG.set(math.nan if lag is None else lag)

    async def _listen(self) -> None:
        """Hear that work is due, and publish changes while the session lasts."""
        while True:
            try:
                session = await connect_raw(
                    self._settings.database_url.get_secret_value(), Role.WORKER, application_name=f"{NAME}:listen"
                )
                try:
                    await session.add_listener(Channel.WORK_DUE, lambda *_: self._wake())
                    await session.add_listener(
                        Channel.TIE_OUT_ASKED, lambda *call: self._tie_outs_asked[call[-1]].set()
                    )
                    await Publication(self._engine, self._producer).run(session)
                finally:
                    await session.close()
            except DATABASE_ERRORS as error:
                log.warning("session.lost", why=type(error).__name__)
            await asyncio.sleep(RESTART_SECONDS)

    async def _reconcile(self) -> None:
        """From the start on: what came while no worker ran, or a crash cut short, does not wait another hour."""
        every = timedelta(minutes=self._settings.reconcile_every_minutes)
        share = self._settings.reconcile_budget_share
        reconciliation = Reconciliation(self._engine, self._procore, self._catalog, share=share)
        await _repeat(lambda: reconciliation.run_due(every), "reconciliation")

    async def _tie_out(self, link: Link) -> None:
        """Each connection has its own, so that no slow ERP holds up another's."""
        settings, writer = self._settings, self._house.writer
        every = timedelta(hours=settings.tie_out_every_hours) or None
        tie_outs = TieOuts(self._engine, link, writer.worker, share=settings.tie_out_budget_share, every=every)
        await _repeat(tie_outs.run_due, "tie_out", sooner=self._tie_outs_asked[link.connection.name])

    async def _database_answers(self) -> Check:
        async with self._engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")
        return Check(ok=True)

    async def _kafka_moves(self) -> Check:
        progress = self._progress
        if progress is None:
            return Check(ok=False, detail="not in the consumer group")
        if self._gaps:  # kept for as long as this process lives: only a reconciliation by hand makes up for them
            return Check(ok=False, detail=f"records were gone before they were read: {sorted(self._gaps)}")
        return Check(ok=not progress.is_stuck(after=STUCK_AFTER / 2), detail=f"lag {progress.lag}")

    async def _procore_lets_us_in(self) -> Check:
        refused = self._log_in_refused
        return Check(ok=not refused, detail="Procore refuses the client id or its secret" if refused else "")

    async def _connections_work(self) -> Check:
        stopped = await self._house.book.stopped()
        return Check(ok=not stopped, detail=f"stopped after errors of our own: {', '.join(stopped)}" if stopped else "")

    def _observe(self, call: Call) -> None:
        PROCORE_SECONDS.labels(call.method, call.route, str(call.status or "none")).observe(call.seconds)
        if call.route == TOKEN_ROUTE and call.status is not None:
            self._log_in_refused = call.status in LOG_IN_REFUSALS


class StuckConsumer(Exception):
    """The consumer polls, or not even that, but does not move."""


async def _repeat(work: Callable[[], Awaitable[object]], name: str, *, sooner: asyncio.Event | None = None) -> None:
    """Until cancelled, and at once where `sooner` is set.

    What only looks whether something was missed must not stop what comes.
    """
    sooner = sooner or asyncio.Event()
    while True:
        sooner.clear()
        try:
            await work()
        except DATABASE_ERRORS as error:
            log.warning("comparison.interrupted", what=name, why=type(error).__name__)
        except Exception:
            # A fault of ours in what only makes up for others' faults: the exports must go on.
            log.exception("comparison.broken", what=name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REPEAT_SECONDS):
                await sooner.wait()


async def _until_done(work: Callable[[], Awaitable[object]], postponed: str) -> None:
    """The database away: it waits, offsets stay, nothing is lost. `postponed` names that in the log."""
    while True:
        try:
            await work()
        except DATABASE_ERRORS as error:
            log.warning(postponed, why=type(error).__name__)
            await asyncio.sleep(RESTART_SECONDS)
        else:
            return
