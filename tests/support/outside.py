"""A worker as its surroundings see it: readiness and metrics over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from prometheus_client import REGISTRY

from deploy.sandbox.procore.server import serving
from services.export_worker.worker import Worker
from shared.health import health_router


@asynccontextmanager
async def seen_from_outside(worker: Worker) -> AsyncIterator[httpx.AsyncClient]:
    """The worker's HTTP side."""
    app = FastAPI()
    app.include_router(health_router(worker.health))
    async with serving(app) as url, httpx.AsyncClient(base_url=url, verify=False, trust_env=False) as client:
        yield client


async def failing(outside: httpx.AsyncClient) -> list[str]:
    """The names of the checks that fail."""
    return (await outside.get("/readyz")).json()["failing"]


def measured(series: str, **labels: str) -> float:
    """A series of this process as it stands; 0 for one that was never counted."""
    return REGISTRY.get_sample_value(series, labels) or 0.0
