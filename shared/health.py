"""Health: alive means the process answers; ready means that it can do its work and makes progress."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

CHECK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found; `since` is when this became so, filled in by Health where the check omits it."""

    ok: bool
    detail: str = ""
    since: datetime | None = None


class Health:
    """Named checks, asked together; a check that hangs or raises counts as failing."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], Awaitable[Check]]] = {}
        self._last: dict[str, Check] = {}

    def add(self, name: str, check: Callable[[], Awaitable[Check]]) -> None:
        self._checks[name] = check

    async def look(self, now: datetime | None = None) -> dict[str, Check]:
        asked = [asyncio.wait_for(check(), CHECK_SECONDS) for check in self._checks.values()]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        at = now or datetime.now(UTC)
        for name, answer in zip(self._checks, answers, strict=True):
            self._last[name] = self._dated(name, _as_check(answer), at)
        return {name: self._last[name] for name in self._checks}

    def _dated(self, name: str, check: Check, now: datetime) -> Check:
        if check.since is not None:
            return check
        before = self._last.get(name)
        unchanged = before is not None and before.ok == check.ok
        return replace(check, since=before.since if before is not None and unchanged else now)


def health_router(health: Health, registry: CollectorRegistry = REGISTRY) -> APIRouter:
    """/healthz (200 while the process answers), /readyz (503 naming what fails), /metrics (Prometheus)."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        checks = await health.look()
        failing = [name for name, check in checks.items() if not check.ok]
        content = {
            "status": "not ready" if failing else "ready",
            "failing": failing,
            "checks": {name: check_as_json(check) for name, check in checks.items()},
        }
        return JSONResponse(content, status_code=503 if failing else 200)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    return router


def _as_check(answer: Check | BaseException) -> Check:
    if isinstance(answer, Check):
        return answer
    if isinstance(answer, TimeoutError):
        return Check(ok=False, detail=f"no answer within {CHECK_SECONDS:g} s")
    return Check(ok=False, detail=f"the check failed with {type(answer).__name__}")


def check_as_json(check: Check) -> dict[str, object]:
    """As /readyz tells it."""
    since = check.since.isoformat() if check.since else None
    return {"ok": check.ok, "detail": check.detail, "since": since}
