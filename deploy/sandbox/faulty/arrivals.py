"""One request, read whole, and ways to answer it."""

import asyncio
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.sandbox.faulty.desk import Asked, Request

TRANSPORT = "sandbox.transport"


@dataclass
class Answer:
    """A whole HTTP answer, not sent yet."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def of(cls, status: int, body: str, content_type: str = "text/html", **headers: str) -> "Answer":
        """From text. Header names are given with underscores."""
        named = {"content-type": content_type, "content-length": str(len(body.encode()))}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, [(k.encode(), v.encode()) for k, v in named.items()], body.encode())


@dataclass
class Arrival:
    """A request and the ERP behind it."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    request: Request
    asked: Asked = field(default_factory=lambda: Asked(None))

    async def work(self) -> Answer:
        """Let the ERP do what is asked; its answer, held back."""
        answer = Answer(500, [], b"")
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                await asyncio.Event().wait()
            sent = True
            return {"type": "http.request", "body": self.request.body, "more_body": False}

        async def catch(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                answer.body += message.get("body", b"")

        await self.app(self.scope, replay, catch)
        return answer

    async def answer(self, answer: Answer) -> None:
        """Send it."""
        await self.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await self.send({"type": "http.response.body", "body": answer.body})

    async def truncate(self, answer: Answer) -> None:
        """Send half of it, then drop."""
        await self.send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        half = answer.body[: len(answer.body) // 2]
        await self.send({"type": "http.response.body", "body": half, "more_body": True})
        await self.drop()

    async def drop(self) -> None:
        """Close the connection without a word (needs the server of server.py)."""
        transport = self.scope.get(TRANSPORT)
        if transport is not None:
            transport.close()
        await self.gone()

    async def gone(self) -> None:
        """Wait until the client has given up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def read_whole(receive: Receive) -> bytes:
    """The request's body."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def request_of(scope: Scope, body: bytes) -> Request:
    """The request as a vendor reads it."""
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], scope["query_string"].decode(), headers, body)
