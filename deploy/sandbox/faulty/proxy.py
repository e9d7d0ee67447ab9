"""Ordered faults in front of a real ERP: every request is passed on to it, unless an order says otherwise."""

import ssl
from dataclasses import dataclass
from typing import Protocol

import httpx
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from deploy.sandbox.faulty.arrivals import Answer, Arrival, read_whole, request_of
from deploy.sandbox.faulty.control import fault_control
from deploy.sandbox.faulty.desk import Desk, Request, Said, Vendor
from deploy.sandbox.faulty.effects import say
from deploy.sandbox.faulty.middleware import Faulty

BOOK = "erp"
LONGEST_ANSWER_SECONDS = 300
OF_ONE_CONNECTION = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
UNREACHABLE = 502
# Plain HTTP on this machine; reading certificate authorities would only cost time.
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class ProxiedVendor(Vendor, Protocol):
    """A vendor that also stands in for what a real ERP would need waiting for."""

    def turned_away(self, request: Request) -> Said | None:
        """What the proxy answers by itself, such as to a log-in that ended; None passes the request on."""


@dataclass
class Book:
    """As the control knows it."""

    desk: Desk


def create_proxy(target: str, vendor: ProxiedVendor) -> FastAPI:
    """The application. The one book behind it is called `erp`."""
    app = FastAPI(title="Faults before a real ERP", docs_url=None, redoc_url=None, openapi_url=None)
    book = Book(Desk(vendor))
    app.state.books = {BOOK: book}
    app.include_router(fault_control)
    app.mount("/", Forwarder(target, vendor))
    app.add_middleware(Faulty, desk_of=lambda _: book.desk)
    return app


class Forwarder:
    """ASGI application that asks `target` and answers what it says, byte for byte."""

    def __init__(self, target: str, vendor: ProxiedVendor) -> None:
        self.target = target.rstrip("/")
        self.vendor = vendor
        self.http: httpx.AsyncClient | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = request_of(scope, await read_whole(receive))
        arrival = Arrival(self, scope, receive, send, request)
        said = self.vendor.turned_away(request)
        if said is not None:
            await say(arrival, said)
            return
        await arrival.answer(await self.asked(request))

    def client(self) -> httpx.AsyncClient:
        """Made where it is used, in the server's loop. No connection is used twice: none is ever found closed."""
        if self.http is None:
            self.http = httpx.AsyncClient(
                timeout=LONGEST_ANSWER_SECONDS,
                limits=httpx.Limits(max_keepalive_connections=0),
                verify=TRUSTS_NOBODY,
                trust_env=False,
            )
        return self.http

    async def asked(self, request: Request) -> Answer:
        """The target's own answer."""
        headers = {name: value for name, value in request.headers.items() if name not in OF_ONE_CONNECTION}
        url = f"{self.target}{request.path}" + (f"?{request.query}" if request.query else "")
        try:
            asked = self.client().stream(request.method, url, headers=headers, content=request.body)
            async with asked as response:
                body = b"".join([chunk async for chunk in response.aiter_raw()])
        except httpx.TransportError:
            return Answer.of(UNREACHABLE, "<h1>The ERP behind the proxy cannot be reached</h1>")
        passed = [
            (name.lower().encode(), value.encode())
            for name, value in response.headers.items()
            if name.lower() not in OF_ONE_CONNECTION
        ]
        return Answer(response.status_code, [*passed, (b"content-length", str(len(body)).encode())], body)
