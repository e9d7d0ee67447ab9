"""python -m tests.bench.bare_doors bare|fastapi|kafka PORT: what the receiver's door is measured beside.

All read the body under the receiver's own uvicorn settings. The first two answer 202 and keep nothing. The third
does the least that keeps a webhook: it reads the JSON, sends it to the Kafka of the environment (acks=all) and answers
204. It checks no token, has no deadline, writes no log line, counts nothing, and loses what comes while Kafka is away.
"""

import json
import os
import sys
from contextlib import AsyncExitStack

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request, Response

from services.webhook_receiver.app import Application, serve
from services.webhook_receiver.body import Receive
from services.webhook_receiver.door import PATH, Scope, Send
from shared.events.topics import Topic


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI function."""
    if scope["type"] == "lifespan":
        await live(receive, send, AsyncExitStack())
        return
    await body_of(receive)
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def with_kafka() -> Application:
    """An ASGI function that keeps what it reads."""
    producers: list[AIOKafkaProducer] = []

    async def keep(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with AsyncExitStack() as closing:
                producer = AIOKafkaProducer(
                    bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
                    acks="all",
                    enable_idempotence=os.environ.get("KAFKA_ENABLE_IDEMPOTENCE") != "false",
                )
                producers.append(await closing.enter_async_context(producer))
                await live(receive, send, closing)
            return
        content = await body_of(receive)
        told = json.loads(content)
        key = f"{told['company_id']}:{told.get('project_id')}".encode()
        await producers[0].send_and_wait(Topic.WEBHOOKS, content, key)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return keep


async def body_of(receive: Receive) -> bytes:
    content = b""
    while True:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body", False):
            return content


async def live(receive: Receive, send: Send, closing: AsyncExitStack) -> None:
    """From the start to the end of the process."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await closing.aclose()
    await send({"type": "lifespan.shutdown.complete"})


async def take(request: Request) -> Response:
    """A route of FastAPI's."""
    await request.body()
    return Response(status_code=202)


def with_fastapi() -> FastAPI:
    app = FastAPI()
    app.add_api_route(PATH, take, methods=["POST"])
    return app


if __name__ == "__main__":
    applications = {"bare": lambda: bare, "fastapi": with_fastapi, "kafka": with_kafka}
    serve(applications[sys.argv[1]](), port=int(sys.argv[2]))
