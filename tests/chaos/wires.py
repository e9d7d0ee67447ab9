"""The wires between the parts: a TCP proxy for each pair of them, which can be cut, fall silent and be slow.

    python -m tests.chaos.wires      one order a line on stdin, as JSON; one answer a line on stdout

A process of its own, so that what it passes on is not delayed by whoever plays.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, cast

import uvloop

HOST = "127.0.0.1"


class Condition(StrEnum):
    """Of a wire. What was sent over a silent one arrives when it is whole again, as in a network that lost packets."""

    WHOLE = "whole"
    CUT = "cut"
    SILENT = "silent"


class End(asyncio.Protocol):
    """One end of one connection. What it receives leaves at the other end, once there is one and the wire carries."""

    def __init__(self, wire: "Wire", other: "End | None" = None) -> None:
        self.wire = wire
        self.other = other
        self.transport: asyncio.Transport | None = None
        self.kept: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The outer end reaches for the inner one."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self.wire.ends.add(self)
        if self.other is None:
            self.wire.reach(self)
        else:
            self.other.other = self
            self.other.go_on()

    def data_received(self, data: bytes) -> None:
        """Passed on at once, or when it can be."""
        if self.other is None or self.wire.condition is Condition.SILENT:
            self.kept.append(data)
        else:
            self.wire.later(self.other.write, data)

    def go_on(self) -> None:
        """Pass on what was kept."""
        if self.other is not None and self.wire.condition is not Condition.SILENT:
            for data in self.kept:
                self.wire.later(self.other.write, data)
            self.kept = []

    def connection_lost(self, error: Exception | None) -> None:
        """The other end is lost too, after what is on its way."""
        self.wire.ends.discard(self)
        if self.other is not None:
            self.wire.later(self.other.close)

    def pause_writing(self) -> None:
        """Who reads here is slow: read no more from the other end."""
        if self.other is not None and (transport := self.other.open_transport):
            transport.pause_reading()

    def resume_writing(self) -> None:
        """Who reads here caught up."""
        if self.other is not None and (transport := self.other.open_transport):
            transport.resume_reading()

    @property
    def open_transport(self) -> asyncio.Transport | None:
        """While something can be done with it."""
        return None if self.transport is None or self.transport.is_closing() else self.transport

    def write(self, data: bytes) -> None:
        """To whoever is connected here."""
        if transport := self.open_transport:
            transport.write(data)

    def close(self) -> None:
        """After what was written left."""
        if transport := self.open_transport:
            transport.close()

    def abort(self) -> None:
        """With a reset, at once."""
        if self.transport is not None:
            self.transport.abort()


class Wire:
    """From a port of ours to `target`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.condition = Condition.WHOLE
        self.delay = 0.0
        self.ends: set[End] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> None:
        """Listen."""
        await asyncio.get_running_loop().create_server(lambda: End(self), HOST, port)

    def set(self, condition: Condition, delay: float) -> None:
        """From now on, and for what is connected too."""
        self.condition, self.delay = condition, delay
        for end in list(self.ends):
            if condition is Condition.CUT:
                end.abort()
            else:
                end.go_on()

    def reach(self, outer: End) -> None:
        """Connect the inner end."""
        task = asyncio.get_running_loop().create_task(self._reach(outer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def later(self, act: Callable[..., None], *arguments: bytes) -> None:
        """After the delay; what is on its way keeps its order."""
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, act, *arguments)
        else:
            act(*arguments)

    async def _reach(self, outer: End) -> None:
        try:
            if self.condition is Condition.CUT:
                raise ConnectionRefusedError
            await asyncio.get_running_loop().create_connection(lambda: End(self, outer), *self.target)
        except OSError:
            outer.abort()
            return
        if outer.open_transport is None and outer.other is not None:
            outer.other.close()


async def _obey() -> None:
    wires: dict[str, Wire] = {}
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        if "target" in order:
            wires[order["name"]] = wire = Wire((order["target"][0], order["target"][1]))
            await wire.open(order["port"])
        else:
            wires[order["name"]].set(Condition(order["condition"]), order["delay"])
        print(json.dumps({"done": order["name"]}), flush=True)


class Wires:
    """The process, from outside."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.wires"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def add(self, name: str, port: int, target: tuple[str, int]) -> None:
        """A wire that listens on `port`."""
        self._order({"name": name, "port": port, "target": target})
        self.names.append(name)

    def set(self, name: str, condition: Condition = Condition.WHOLE, delay: float = 0.0) -> None:
        """`delay`: seconds for each piece, in each direction."""
        self._order({"name": name, "condition": condition.value, "delay": delay})

    def mend(self) -> None:
        """All are whole and quick again."""
        for name in self.names:
            self.set(name)

    def close(self) -> None:
        """Every connection over it ends."""
        self._process.kill()
        self._process.communicate()

    def _order(self, order: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise RuntimeError("the wires have ended")


if __name__ == "__main__":
    uvloop.run(_obey())
