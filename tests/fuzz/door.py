"""Asks the door over a bare socket, judges each answer, and counts what has to be found again."""

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer

from services.webhook_receiver.body import HEAD, LARGEST_BODY
from services.webhook_receiver.incoming import TOO_LARGE
from shared.events.topics import Topic
from tests.fuzz.asked import Asked, Framing

# Procore gives up at 5 s; the door promises an answer within 2.
PROMISED_SECONDS = 2.0
PAUSE_SECONDS = 0.01
UNFINISHED = {Framing.MORE, Framing.HANGING}


@dataclass(frozen=True)
class Answered:
    """`status` None: the connection ended without an answer."""

    status: int | None
    seconds: float


@dataclass
class Door:
    """`kept` counts, by digest, the bodies that were answered 204: each of them has to be somewhere.

    `asked` are the first requests with these bodies, to be told of.
    """

    url: str
    kept: Counter[str] = field(default_factory=Counter)
    asked: dict[str, Asked] = field(default_factory=dict)
    answers: Counter[int | None] = field(default_factory=Counter)
    slowest: float = 0.0

    def ask(self, asked: Asked) -> None:
        """Raises AssertionError where the answer breaks what the door promises."""
        answered = self._sent(asked)
        self.answers[answered.status] += 1
        self.slowest = max(self.slowest, answered.seconds)
        if answered.status == 204:
            self.kept[digest(asked.arriving)] += 1
            self.asked.setdefault(digest(asked.arriving), asked)
        assert answered.seconds < PROMISED_SECONDS, (asked, answered)
        assert answered.status in possible(asked), (asked, answered)

    def _sent(self, asked: Asked) -> Answered:
        address = urlsplit(self.url)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            began = time.monotonic()
            try:
                for piece in pieces(asked):
                    connection.sendall(piece)
                    time.sleep(PAUSE_SECONDS if asked.cuts else 0)
                if asked.framing is Framing.MORE:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # answered and closed before all was sent: the answer may still be there
            return Answered(status_of(connection), time.monotonic() - began)


def pieces(asked: Asked) -> Iterator[bytes]:
    """The request, cut at its cuts."""
    raw, begin = asked.raw, 0
    for cut in (*asked.cuts, 1.0):
        end = round(cut * len(raw))
        if end > begin:
            yield raw[begin:end]
            begin = end


def status_of(connection: socket.socket) -> int | None:
    """Of the first final answer."""
    told = b""
    try:
        while b"\r\n\r\n" not in told.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""):
            more = connection.recv(65536)
            if not more:
                return None
            told += more
    except ConnectionError:
        return None
    return int(told.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"").split(b" ", 2)[1])


def possible(asked: Asked) -> set[int | None]:
    """Which answers keep the promise. What is no HTTP may be hung up on; what is must be answered."""
    if asked.is_proper and asked.is_authentic:
        return {204}
    if asked.is_proper:
        return {401, None} if len(asked.raw) > 60_000 else {401}  # hung up on a body that nobody wants to read
    usual: set[int | None] = {400, 401, 404, 405, 426, 307, None}
    if not asked.is_authentic:
        return usual
    is_unfinished = asked.framing in UNFINISHED or asked.wants_upgrade
    return usual | {204} | ({503} if is_unfinished else set())


def digest(body: bytes) -> str:
    """What is too large is known by its head: its hash is of what arrived in time."""
    return f"head {_sha256(body[:HEAD])}" if len(body) > LARGEST_BODY else _sha256(body)


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()


class Topics:
    """What arrived in Kafka, by digest of the webhook's body, read on from where the last look ended."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._runner = asyncio.Runner()
        self._consumer: AIOKafkaConsumer | None = None
        self.found: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._runner.run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        if self._consumer is not None:
            self._runner.run(self._consumer.stop())
        self._runner.close()

    def look(self) -> Counter[str]:
        """All digests up to now."""
        self._runner.run(self._read())
        return self.found

    async def _open(self) -> None:
        self._consumer = AIOKafkaConsumer(
            Topic.WEBHOOKS, Topic.DEAD_LETTERS, bootstrap_servers=self._bootstrap, auto_offset_reset="earliest"
        )
        await self._consumer.start()

    async def _read(self) -> None:
        consumer = self._consumer
        assert consumer is not None
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                for record in batch:
                    self.found[digest_of(record.topic, record.value, dict(record.headers))] += 1


def digest_of(topic: str, value: bytes, headers: dict[str, Any]) -> str:
    """Of the body that a record of ours, in Kafka or parked, was made of."""
    if headers.get("dead_letter_reason") == TOO_LARGE.encode():
        return f"head {_sha256(value)}"
    if topic == Topic.DEAD_LETTERS:
        return bytes(headers["body_sha256"]).decode()
    return digest(json.loads(value)["body"].encode())


def parked_digests(rows: list[Any]) -> Counter[str]:
    """The same of what waits in Postgres."""
    return Counter(
        digest_of(
            row["topic"], row["value"], {name: text.encode("latin-1") for name, text in json.loads(row["headers"])}
        )
        for row in rows
    )
