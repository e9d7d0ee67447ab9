"""What a wire between two parts does to whoever talks over it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest

from deploy.sandbox.local.processes import free_port
from tests.chaos.wires import HOST, Condition, Wires

WIRE = "here-there"
Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo(asyncio.Protocol):
    """Says what it hears; `left` is set when whoever spoke has gone."""

    def __init__(self, left: asyncio.Event) -> None:
        self.left = left

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.left.set()


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """Its port; one connection is made to it."""
    port, left = free_port(), asyncio.Event()
    async with await asyncio.get_running_loop().create_server(lambda: Echo(left), HOST, port):
        yield port
        await left.wait()


@pytest.fixture
def wires(echo: int) -> Iterator[Wires]:
    """Closed before the echo waits to be left."""
    wires = Wires()
    yield wires
    wires.close()


@pytest.fixture
async def talk(wires: Wires, echo: int) -> AsyncIterator[Talk]:
    port = free_port()
    wires.add(WIRE, port, (HOST, echo))
    reader, writer = await asyncio.open_connection(HOST, port)
    yield reader, writer
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def said(talk: Talk, words: bytes, within: float = 5.0) -> bytes:
    reader, writer = talk
    writer.write(words)
    async with asyncio.timeout(within):
        return await reader.readexactly(len(words))


async def test_a_whole_wire_passes_on_all_of_it(talk: Talk) -> None:
    words = bytes(range(256)) * 20_000
    assert await said(talk, words) == words


async def test_a_cut_wire_ends_what_is_connected(wires: Wires, talk: Talk) -> None:
    assert await said(talk, b"here") == b"here"
    wires.set(WIRE, Condition.CUT)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await said(talk, b"gone")


async def test_a_silent_wire_brings_all_of_it_later(wires: Wires, talk: Talk) -> None:
    assert await said(talk, b"here") == b"here"
    wires.set(WIRE, Condition.SILENT)
    with pytest.raises(TimeoutError):
        await said(talk, b"first", within=0.3)
    talk[1].write(b"second")
    wires.mend()
    async with asyncio.timeout(5):
        assert await talk[0].readexactly(11) == b"firstsecond"


async def test_a_slow_wire_delays_each_direction(wires: Wires, talk: Talk) -> None:
    wires.set(WIRE, delay=0.2)
    begun = time.monotonic()
    assert await said(talk, b"slowly") == b"slowly"
    assert time.monotonic() - begun >= 0.4
