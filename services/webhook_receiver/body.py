"""Reads a request's body within bounds of size and time."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

LARGEST_BODY = 1024 * 1024
HEAD = 4 * 1024
# How much of an oversized body is read for its hash before we stop listening.
LARGEST_HASHED = 16 * 1024 * 1024

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Whole:
    content: bytes


@dataclass(frozen=True, slots=True)
class Oversized:
    """`sha256` and `length` are of what arrived in time; `is_complete` tells whether that was all."""

    head: bytes
    sha256: str
    length: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class TooSlow:
    length: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    length: int


async def read_body(receive: Receive, *, within: float) -> Whole | Oversized | TooSlow | Disconnected:
    """`within` is in seconds."""
    arrival = _Arrival()
    try:
        async with asyncio.timeout(within):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return Disconnected(arrival.length)
                arrival.add(message.get("body", b""))
                if not message.get("more_body", False):
                    return arrival.end(is_complete=True)
                if arrival.length > LARGEST_HASHED:
                    return arrival.end(is_complete=False)
    except TimeoutError:
        return arrival.end(is_complete=False) if arrival.is_oversized else TooSlow(arrival.length)


class _Arrival:
    def __init__(self) -> None:
        self.length = 0
        self._kept = bytearray()
        self._hash = sha256()

    @property
    def is_oversized(self) -> bool:
        return self.length > LARGEST_BODY

    def add(self, chunk: bytes) -> None:
        was_oversized = self.is_oversized
        self.length += len(chunk)
        if not was_oversized:
            self._kept += chunk
            if self.is_oversized:
                self._hash.update(self._kept)
                del self._kept[HEAD:]
        else:
            self._hash.update(chunk)

    def end(self, *, is_complete: bool) -> Whole | Oversized:
        if self.is_oversized:
            return Oversized(bytes(self._kept), self._hash.hexdigest(), self.length, is_complete)
        return Whole(bytes(self._kept))
