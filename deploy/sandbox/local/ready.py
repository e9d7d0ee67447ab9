"""Does it answer? One question per kind of part, each asked over the network as a client would."""

import asyncio
import socket
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg
import httpx
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from shared.authorities import usual_authorities

Answer = TypeVar("Answer")
TIMEOUT_SECONDS = 5.0


def postgres_answers(url: str) -> bool:
    return run(_select_one(url))


def kafka_answers(bootstrap: str) -> bool:
    """True when a metadata request names at least one broker."""
    host, _, port = bootstrap.partition(",")[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), TIMEOUT_SECONDS).close()
    except OSError:
        return False
    return run(_has_broker(bootstrap))


def http_answers(url: str) -> bool:
    try:
        return httpx.get(
            url, timeout=TIMEOUT_SECONDS, trust_env=False, verify=usual_authorities(trust_env=False)
        ).is_success
    except httpx.TransportError:
        return False


def run(question: Coroutine[Any, Any, Answer]) -> Answer:
    """Run to its end on a loop of its own, also where the calling thread already has a running one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, question).result()


async def _select_one(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=TIMEOUT_SECONDS)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    try:
        return bool(await connection.fetchval("SELECT 1") == 1)
    finally:
        await connection.close()


async def _has_broker(bootstrap: str) -> bool:
    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=int(TIMEOUT_SECONDS * 1000))
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
