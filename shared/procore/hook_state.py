"""How a project's hooks stand, as the worker saw it in Procore: what a page shows. Pure."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.procore.hook_health import Health
from shared.procore.webhook_rows import DISABLED, Hook

MISSING = "missing"


class HookState(BaseModel):
    """`status`: active, disabled, missing, or empty where Procore does not say; of several hooks the worst.

    Of the deliveries of the last two weeks: `waiting` comes by itself, in the end; `lost` does not, and `oldest` tells
    when the oldest of both happened. `failure`: why the hooks could not be read; the rest is then empty.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    hook_ids: tuple[str, ...] = ()
    status: str = ""
    delivered: int = 0
    waiting: int = 0
    lost: int = 0
    last_success: datetime | None = None
    last_error: str | None = None
    oldest: datetime | None = None
    failure: str | None = None


def state_of(found: Sequence[tuple[Hook, Health]]) -> HookState:
    """Of all hooks of ours in one project."""
    every = [health for _, health in found]
    return HookState(
        hook_ids=tuple(hook.id for hook, _ in found),
        status=_status([hook.status for hook, _ in found]),
        delivered=sum(health.delivered for health in every),
        waiting=sum(len(health.waiting) for health in every),
        lost=sum(len(health.lost) for health in every),
        last_success=max(filter(None, (health.last_success for health in every)), default=None),
        last_error=next((health.last_error for health in every if health.last_error), None),
        oldest=min(filter(None, (health.oldest for health in every)), default=None),
    )


def _status(statuses: Sequence[str]) -> str:
    if not statuses:
        return MISSING
    return DISABLED if DISABLED in statuses else statuses[0]
