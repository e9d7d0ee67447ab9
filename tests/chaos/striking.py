"""Faults, as they are done to the parts. Each is undone by itself after its time; `mend` makes sure of all."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import httpx

from deploy.sandbox.erp.control_client import ErpControl
from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from deploy.sandbox.procore.control_client import SandboxControl
from tests.chaos.ground import HOUSE, Ground, in_thread
from tests.chaos.journal import Journal
from tests.chaos.machine import fill
from tests.chaos.office import Office
from tests.chaos.plan import BOOKS, ERP_STEPS, Kind
from tests.chaos.plan import Fault as Planned
from tests.chaos.wires import Condition

STORM = 3
ORDERED = 4  # how many requests an ordered fault meets
HALF_A_DAY = timedelta(hours=13)
LATE_COMMIT = 8.0


class Skipped(Exception):
    """This machine cannot do it; the text says what it lacks."""


class Striking:
    """Everything that goes wrong, by kind."""

    def __init__(
        self, ground: Ground, procore: SandboxControl, erp: ErpControl, office: Office, journal: Journal
    ) -> None:
        self.ground = ground
        self.procore = procore
        self.erp = erp
        self.office = office
        self.journal = journal
        self._down = asyncio.Lock()  # one part at a time is started: two at once would only wait for each other
        self._acts: Mapping[Kind, Callable[[Planned], Awaitable[None]]] = {
            Kind.KILL: self._kill,
            Kind.FREEZE: self._freeze,
            Kind.STORM: self._storm,
            Kind.CUT: self._cut,
            Kind.SILENCE: self._silence,
            Kind.SLOWNESS: self._slow,
            Kind.DISK_FULL: self._fill_disk,
            Kind.CLOCK_JUMP: self._jump,
            Kind.ERP: self._trouble_erp,
            Kind.ERP_AWAY: self._erp_away,
            Kind.WEBHOOKS: self._trouble_webhooks,
            Kind.PROCORE: self._trouble_procore,
            Kind.DISCARD: self._discard,
            Kind.REVOCATION: self._revoke,
            Kind.TWO_OPERATORS: self._two_operators,
            Kind.DEPLOY: self._deploy,
        }

    async def strike(self, faults: tuple[Planned, ...]) -> None:
        """Each at its time; they may overlap. What cannot be done here is noted by name."""
        async with asyncio.TaskGroup() as group:
            for fault in faults:
                group.create_task(self._strike(fault))

    async def mend(self) -> None:
        """Everything works again."""
        await asyncio.to_thread(self.ground.wires.mend)
        await self.procore.clear_webhook_faults()
        await self.procore.clear_faults()
        for book in BOOKS:
            await self.erp.clear(book)
            await self.erp.release(book)
        for name in ("postgres", "kafka", *self.ground.processes):
            self.ground.signal(name, signal.SIGCONT)
        for name in HOUSE:
            if not self.ground.is_running(name):
                await in_thread(self.ground.start, name)

    async def _strike(self, fault: Planned) -> None:
        await asyncio.sleep(max(0.0, fault.at - self.journal.seconds))
        about = {"what": fault.what, "seconds": round(fault.seconds, 1)}
        try:
            await self._acts[fault.kind](fault)
        except Skipped as error:
            self.journal.tell("skipped", fault=fault.kind, why=str(error))
        else:
            self.journal.note("struck", fault=fault.kind, part=about["what"], lasted=about["seconds"])

    def _begin(self, fault: Planned) -> None:
        self.journal.tell("strikes", fault=fault.kind, part=fault.what, lasts=f"{fault.seconds:.1f}")

    # Processes

    async def _kill(self, fault: Planned) -> None:
        async with self._down:
            self._begin(fault)
            await in_thread(self.ground.kill, fault.what)
            await asyncio.sleep(fault.seconds)
            await in_thread(self.ground.restart, fault.what)

    async def _freeze(self, fault: Planned) -> None:
        async with self._down:
            self._begin(fault)
            self.ground.signal(fault.what, signal.SIGSTOP)
            try:
                await asyncio.sleep(fault.seconds)
            finally:
                self.ground.signal(fault.what, signal.SIGCONT)

    async def _storm(self, fault: Planned) -> None:
        """Workers come and go: the group is rebalanced again and again."""
        self._begin(fault)
        for number in range(STORM):
            process = self.ground.begin(f"worker-storm-{number}")
            await asyncio.sleep(fault.seconds / STORM + 2)
            await in_thread(process.kill if number % 2 else process.stop)

    async def _deploy(self, fault: Planned) -> None:
        """Old and new side by side, through the migrations: one process after the other is replaced."""
        async with self._down:
            self._begin(fault)
            self.ground.product = None
            await in_thread(self.ground.run, "db", "upgrade")
            for name in HOUSE:
                await in_thread(self.ground.processes[name].stop)
                await in_thread(self.ground.start, name)

    # The network

    async def _cut(self, fault: Planned) -> None:
        await self._wire(fault, Condition.CUT, 0)

    async def _silence(self, fault: Planned) -> None:
        await self._wire(fault, Condition.SILENT, 0)

    async def _slow(self, fault: Planned) -> None:
        await self._wire(fault, Condition.WHOLE, 0.05 + 0.45 * fault.how)

    async def _wire(self, fault: Planned, condition: Condition, delay: float) -> None:
        self._begin(fault)
        self.ground.wires.set(fault.what, condition, delay)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            self.ground.wires.set(fault.what)

    # The machine

    async def _fill_disk(self, fault: Planned) -> None:
        """Nothing more can be written where the part keeps its data; then there is room again."""
        async with self._down:
            place = self.ground.small_disk(fault.what)
            if place is None:
                raise Skipped(f"{fault.what} has no small disk: only long runs make one, and that needs root")
            self._begin(fault)
            ballast = await asyncio.to_thread(fill, place)
            try:
                await asyncio.sleep(fault.seconds)
            finally:
                ballast.unlink(missing_ok=True)
            if not self.ground.is_running(fault.what):
                self.journal.tell("ended by a full disk", part=fault.what)
                await in_thread(self.ground.restart, fault.what)

    async def _jump(self, fault: Planned) -> None:
        """One worker's clock is hours ahead or behind, and then right again."""
        if self.ground.clock is None:
            raise Skipped("libfaketime is not installed")
        self._begin(fault)
        hours = 8 * fault.how - 4
        self.ground.clock.set(hours)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            self.ground.clock.set(0)

    # The ERPs

    async def _trouble_erp(self, fault: Planned) -> None:
        self._begin(fault)
        kind = FaultKind(fault.what)
        step = ErpStep(ERP_STEPS[int(fault.how * len(ERP_STEPS))])
        seconds = {FaultKind.COMMIT_LATE: LATE_COMMIT, FaultKind.SLOW: 1.0}.get(kind, 0.0)
        status = 429 if fault.how < 0.5 else 503
        for book in BOOKS:
            order = Fault(kind=kind, step=step, count=ORDERED, seconds=seconds, status=status, retry_after=2)
            await self.erp.order(book, order)
        await asyncio.sleep(fault.seconds)
        for book in BOOKS:
            await self.erp.clear(book)

    async def _erp_away(self, fault: Planned) -> None:
        self._begin(fault)
        with contextlib.suppress(httpx.TransportError):
            await self.erp.go_away(fault.seconds)
        await asyncio.sleep(fault.seconds)

    # Procore

    async def _trouble_webhooks(self, fault: Planned) -> None:
        self._begin(fault)
        delay = 3 * fault.how if fault.what in {"shuffle", "delay", "coalesce", "duplicate"} else 0
        await self.procore.order_webhook_fault(fault.what, probability=0.5, delay=delay)  # type: ignore[arg-type]
        await asyncio.sleep(fault.seconds)
        await self.procore.clear_webhook_faults(fault.what)  # type: ignore[arg-type]

    async def _trouble_procore(self, fault: Planned) -> None:
        self._begin(fault)
        await self.procore.order_fault(int(fault.what), times=10, retry_after=1 + fault.how)
        await asyncio.sleep(fault.seconds)

    async def _discard(self, fault: Planned) -> None:
        """The receiver is away for so long that Procore throws its queues away."""
        async with self._down:
            self._begin(fault)
            await in_thread(self.ground.kill, "receiver")
            await asyncio.sleep(3)  # each queue fails at least once
            await self.procore.advance_clock(HALF_A_DAY.total_seconds())
            await asyncio.sleep(3)
            await in_thread(self.ground.restart, "receiver")

    # People

    async def _revoke(self, fault: Planned) -> None:
        self._begin(fault)
        await self.office.revoke()

    async def _two_operators(self, fault: Planned) -> None:
        self._begin(fault)
        await self.office.replay_twice()
