"""A sandbox's own server: it can drop a connection without a word, and go away altogether."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from deploy.sandbox.faulty.arrivals import TRANSPORT


class Protocol(HttpToolsProtocol):
    """HTTP whose application can reach its connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[TRANSPORT] = self.transport


class SandboxServer(uvicorn.Server):
    """One sandbox on one port. Port 0 takes a free one; `url` tells which."""

    def __init__(self, app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> None:
        app.state.door = self
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                lifespan="off",
                log_level="warning",
                access_log=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
            )
        )
        self.door = listening(host, port)
        self.host, self.port = self.door.getsockname()[:2]
        self.returning: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Until told to stop."""
        await super().serve(sockets or [self.door])

    async def go_away(self, seconds: float, sparing: asyncio.BaseTransport | None = None) -> None:
        """Refuse connections for a while, as a machine that is restarted does."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if connection.transport is not sparing:
                connection.transport.abort()
        self.returning = asyncio.create_task(self.come_back(seconds))

    async def come_back(self, seconds: float) -> None:
        """Listen again, on the same port."""
        await asyncio.sleep(seconds)
        self.door = listening(self.host, self.port)
        await self.startup(sockets=[self.door])

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[str]:
        """Serve from a thread with a loop of its own; yields the address."""
        thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="sandbox", daemon=True)
        thread.start()
        try:
            yield self.url
        finally:
            self.should_exit = True
            thread.join()


def listening(host: str, port: int) -> socket.socket:
    """A bound socket that queues connections from now on, so that nobody is refused while the loop starts."""
    # asyncio switches Nagle's delay off only for sockets that name their protocol: else 40 ms an answer.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((host, port))
    door.listen(512)
    return door
