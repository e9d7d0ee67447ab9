"""Serving an app inside a running event loop, on a free port: for tests, and for a demo."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from fastapi import FastAPI


@contextlib.asynccontextmanager
async def serving(app: FastAPI, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Yields the base URL once it answers; the app's shutdown is complete when the block ends."""
    listener = _listener(host, port)
    server = _EmbeddedServer(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.has_started(running)
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listener.close()


class _EmbeddedServer(uvicorn.Server):
    """Leaves signals to the program it lives in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def has_started(self, running: asyncio.Task[None]) -> None:
        while not self.started:
            if running.done():
                running.result()
                raise RuntimeError("the sandbox did not start")
            await asyncio.sleep(0.005)


def _listener(host: str, port: int) -> socket.socket:
    """Named as TCP, for only then asyncio turns Nagle's algorithm off: 40 ms less for each answer."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener
