"""Makes what the plan asks for, project by project; each begins by looking, so that it can be begun again."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from pydantic import SecretStr

from services.cli.hooking.places import Place, patiently, standing_at
from shared.procore.errors import ProcoreError, ProcoreNotFound, ProcoreUnavailable
from shared.procore.hook_health import health, told
from shared.procore.hook_plan import (
    REASONS,
    Action,
    Correct,
    Listen,
    Make,
    Remove,
    Unlisten,
    Wanted,
    plan,
    plan_removal,
)
from shared.procore.webhook_rows import Hook
from shared.procore.webhooks import Webhooks

LOOKED_BACK = timedelta(days=14)
PLANNED, DONE = "planned", "done"

Heard = Callable[[Collection[str]], Awaitable[set[str]]]


@dataclass(frozen=True)
class Step:
    """One action at one place. `result`: planned, done, or why not."""

    place: Place
    do: str
    why: str
    hook_id: str = ""
    result: str = PLANNED
    gives_token: bool = False

    @property
    def is_undone(self) -> bool:
        return self.result not in {PLANNED, DONE}


@dataclass(frozen=True)
class Provisioner:
    """`token` is the current one. `heard` tells which events the ledger knows."""

    webhooks: Webhooks
    wanted: Wanted
    token: SecretStr
    heard: Heard
    rotate: bool = False
    remove: bool = False

    async def plan(self, place: Place) -> list[Step]:
        """What would be done there; a place that cannot be read is one step that says so."""
        try:
            return [step_of(place, action) for action in await patiently(lambda: self._actions(place))]
        except ProcoreError as error:
            return [Step(place, "look", "", result=str(error))]

    async def settle(self, place: Place) -> list[Step]:
        """Does it, and says what was done and what was not. A call without an answer is looked up, not repeated."""
        done: list[Step] = []

        async def once() -> None:
            nonlocal done
            for action in await self._actions(place):
                done += [await self._done(place, action)]

        try:
            await patiently(once)
        except ProcoreError as error:
            done.append(Step(place, "go on", "", result=str(error)))
        return done

    async def _actions(self, place: Place) -> list[Action]:
        standing = await standing_at(self.webhooks, place, self.wanted.namespace)
        if self.remove:
            return plan_removal(self.wanted.namespace, standing)
        return plan(self.wanted, standing, rotate=self.rotate)

    async def _done(self, place: Place, action: Action) -> Step:
        """Raises ProcoreUnavailable; another refusal of Procore's is the step's result."""
        step = step_of(place, action)
        try:
            kept = await self._do(place, action)
        except ProcoreUnavailable:
            raise
        except ProcoreError as error:
            kept = str(error)
        return Step(place, step.do, step.why, step.hook_id, kept or DONE)

    async def _do(self, place: Place, action: Action) -> str | None:
        """Why it was left undone, else None. Raises as ProcoreClient."""
        at = (place.company_id, place.project_id)
        match action:
            case Make(payload_version):
                await self._make(place, payload_version)
            case Correct(hook):
                await self.webhooks.correct_hook(
                    place.company_id,
                    hook.id,
                    place.project_id,
                    destination_url=self.wanted.destination_url or hook.destination_url,
                    authorization=self._authorization,
                )
            case Listen(hook, reason):
                await self.webhooks.create_trigger(place.company_id, hook.id, place.project_id, reason=reason)
            case Unlisten(hook, trigger):
                await self.webhooks.delete_trigger(place.company_id, hook.id, trigger.id, place.project_id)
            case Remove(hook, _, is_replaced):
                return await self._remove(at, hook, is_replaced=is_replaced)
            case never:
                assert_never(never)
        return None

    async def _make(self, place: Place, payload_version: str) -> None:
        made = await self.webhooks.create_hook(
            place.company_id,
            place.project_id,
            namespace=self.wanted.namespace,
            destination_url=self.wanted.destination_url or "",
            authorization=self._authorization,
            payload_version=payload_version,
        )
        for reason in REASONS:
            await self.webhooks.create_trigger(place.company_id, made.id, place.project_id, reason=reason)

    async def _remove(self, at: tuple[str, str], hook: Hook, *, is_replaced: bool) -> str | None:
        """A hook that another replaces goes once nothing is lost with it."""
        company_id, project_id = at
        if is_replaced and (reason := await self._still_needed(at, hook)):
            return reason
        try:
            await self.webhooks.delete_hook(company_id, hook.id, project_id)
        except ProcoreNotFound:
            return None  # somebody was quicker
        return None

    async def _still_needed(self, at: tuple[str, str], hook: Hook) -> str | None:
        company_id, project_id = at
        since = (datetime.now(UTC) - LOOKED_BACK).date()
        listed = self.webhooks.deliveries(company_id, hook.id, since=since, project_id=project_id)
        seen = health([delivery async for delivery in listed])
        if seen.waiting:
            return f"kept: {len(seen.waiting)} events still wait in it; run this again when they have been delivered"
        lost = {found.event_id for each in seen.lost if (found := told(each))}
        missing = lost - await self.heard(lost)
        if missing:
            return f"kept: {len(missing)} events were discarded; `hooks status --recover` first, then this again"
        return None

    @property
    def _authorization(self) -> SecretStr:
        return SecretStr(f"Bearer {self.token.get_secret_value()}")


def step_of(place: Place, action: Action) -> Step:
    """In a person's words."""
    match action:
        case Make(payload_version, why):
            return Step(place, f"make a hook, payload {payload_version}", why, gives_token=True)
        case Correct(hook, why):
            return Step(place, "give it address and token", why, hook.id, gives_token=True)
        case Listen(hook, reason, why):
            return Step(place, f"add the trigger {reason}", why, hook.id)
        case Unlisten(hook, trigger, why):
            return Step(place, f"remove the trigger {trigger.reason}", why, hook.id)
        case Remove(hook, why, _):
            return Step(place, "remove it", why, hook.id)
        case never:
            assert_never(never)
