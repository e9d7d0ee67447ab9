"""One running sandbox: the world and everything that acts on it."""

import random
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from deploy.sandbox.procore.clock import SandboxClock
from deploy.sandbox.procore.delivery import DeliverySettings, Dispatcher
from deploy.sandbox.procore.faults import FaultBook
from deploy.sandbox.procore.hooks import OWNER_INVOICES, Event, Reason, new_ulid
from deploy.sandbox.procore.invoices import Act
from deploy.sandbox.procore.limits import RateLimits
from deploy.sandbox.procore.webhook_faults import WebhookFaultBook
from deploy.sandbox.procore.world import Change, ServiceAccount, ToolLevel, World
from shared.authorities import usual_authorities

NEVER = httpx.Timeout(None)  # a delivery's time limit is the dispatcher's, and may change while it runs
TOKEN_LIFE = timedelta(seconds=5400)
LOG_IN = ("sandbox-client", "sandbox-secret")
APPLICATION_ID = 51_001
REMEMBERED_REQUESTS = 10_000
OWN_LEVELS: dict[str, ToolLevel] = {
    "prime_contracts": "admin",
    "directory": "read_only",
    "webhooks_api": "standard",
    "erp_integrations": "none",
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Options:
    client_id: str = LOG_IN[0]
    client_secret: str = LOG_IN[1]
    time_scale: float = 1.0
    hourly_limit: int = 3600
    spike_limit: int = 100
    delivery_time_limit: float = 5.0
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Token:
    client_id: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    method: str
    path: str
    status: int
    at: datetime


class Sandbox:
    """Must live in one event loop: nothing here is locked."""

    def __init__(self, options: Options, world: World | None = None) -> None:
        self._options = options
        self._http: httpx.AsyncClient | None = None
        self._begin(world or _fresh_world(options))

    async def open(self) -> None:
        self.dispatcher.resume()

    async def close(self) -> None:
        await self.dispatcher.stop()
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def reset(self) -> None:
        """Back to the first minute: empty world, no faults, limits and clock as at the start."""
        await self.dispatcher.stop()
        self._begin(_fresh_world(self._options))

    def act(self, user_id: int | None, account: ServiceAccount | None = None) -> Act:
        application_id = account.application_id if account else None
        return Act(user_id=user_id, at=self.clock.stamp(), application_id=application_id)

    def tell(self, change: Change, act: Act) -> None:
        """The event of an owner invoice's change carries the invoice's own `updated_at`."""
        reason = REASONS.get(change.kind, "update")
        event = self.publish(reason, OWNER_INVOICES, change.invoice_id, act, project_id=change.project_id)
        change.event_id = event.id

    def publish(
        self,
        reason: Reason,
        resource: str,
        resource_id: int,
        act: Act,
        *,
        project_id: int | None = None,
        company_id: int | None = None,
    ) -> Event:
        if company_id is None:
            company_id = self.world.projects[project_id or 0].company_id
        event = Event(
            id=self.world.take_id("event"),
            ulid=new_ulid(act.at, self.rng),
            timestamp=act.at,
            reason=reason,
            resource=resource,
            resource_id=resource_id,
            company_id=company_id,
            project_id=project_id,
            user_id=act.user_id,
            application_id=act.application_id,
        )
        self.world.events.append(event)
        self.dispatcher.publish(event)
        return event

    def _begin(self, world: World) -> None:
        options = self._options
        self.world = world
        self.rng = random.Random(options.seed)
        self.clock = SandboxClock(time_scale=options.time_scale)
        self.limits = RateLimits(hourly=options.hourly_limit, spike=options.spike_limit)
        self.faults = FaultBook()
        self.webhook_faults = WebhookFaultBook(self.rng)
        self.delivery = DeliverySettings(time_limit=options.delivery_time_limit)
        self.show_has_updated_at = True
        self.tokens: dict[str, Token] = {}
        self.requests: deque[SeenRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self.dispatcher = Dispatcher(
            world=world,
            clock=self.clock,
            faults=self.webhook_faults,
            settings=self.delivery,
            rng=self.rng,
            http=self._open_http,
        )
        self.clock.listeners.append(self.dispatcher.resume)

    def _open_http(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(trust_env=False, timeout=NEVER, verify=usual_authorities(trust_env=False))
        return self._http


REASONS: dict[str, Reason] = {"created": "create", "deleted": "delete"}


def _fresh_world(options: Options) -> World:
    world = World()
    world.accounts[options.client_id] = ServiceAccount(
        client_id=options.client_id,
        client_secret=options.client_secret,
        user_id=world.take_id("account"),
        application_id=APPLICATION_ID,
        tool_levels=dict(OWN_LEVELS),
    )
    return world
