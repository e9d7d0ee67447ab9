"""The worker as a process: its HTTP side, and an end that lets what is under way end."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import structlog
import uvicorn
from fastapi import FastAPI

from services.export_worker.worker import NAME, Worker, WorkerServiceSettings
from shared.health import health_router

ENDING = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger(NAME)


async def serve(settings: WorkerServiceSettings) -> None:
    """The worker and its HTTP side (/healthz, /readyz, /metrics) until SIGTERM or SIGINT; returns when all is closed.

    The HTTP side answers until the last walk has ended. Raises what the worker died of.
    """
    worker = Worker(settings)
    app = FastAPI(title="invoice-export worker", openapi_url=None)
    app.include_router(health_router(worker.health))
    server = _Server(
        uvicorn.Config(app, host="0.0.0.0", port=settings.port, log_config=None, access_log=False, lifespan="off")
    )
    told = asyncio.create_task(_told_to_end())
    running = asyncio.create_task(worker.run())
    serving = asyncio.create_task(server.serve())
    await asyncio.wait({told, running, serving}, return_when=asyncio.FIRST_COMPLETED)
    log.info("worker.ending")
    told.cancel()
    running.cancel()
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        server.should_exit = True
        await serving
    log.info("worker.ended")


async def _told_to_end() -> None:
    told = asyncio.Event()
    for number in ENDING:
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise a captured one again before the worker has ended."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
