"""Those whom alerts reach: a mail server with STARTTLS and log-in, and an HTTP server that keeps what it got."""

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from fastapi import FastAPI, Request, Response

from deploy.sandbox.procore.server import serving
from tests.support.certificates import CertificateFiles

LOGIN, PASSWORD = "alerts@ironside.example", "p@ss/word:with-signs"


@dataclass
class MailServer:
    """Takes mail only from who logged in, after STARTTLS where it has a certificate. `answer`: to each mail."""

    certificate: CertificateFiles | None = None
    answer: str = "250 taken"
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """As aiosmtpd calls it."""
        if self.answer.startswith("2"):
            mail = email.message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
            self.mails.append(cast("EmailMessage", mail))
        return self.answer

    def admit(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        """Who knows the password."""
        assert isinstance(given, LoginPassword)
        self.tried.append(given.password.decode())
        return AuthResult(success=(given.login, given.password) == (LOGIN.encode(), PASSWORD.encode()), handled=False)

    def connected(self) -> SMTP:
        """The protocol of one connection."""
        context = None
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate.certificate, self.certificate.key)
        return SMTP(
            self,
            hostname="localhost",
            loop=asyncio.get_running_loop(),
            tls_context=context,
            require_starttls=context is not None,
            auth_require_tls=context is not None,
            authenticator=self.admit,
            auth_required=True,
        )


@asynccontextmanager
async def mail_server(certificate: CertificateFiles | None = None) -> AsyncIterator[MailServer]:
    """On a port of its own."""
    mails = MailServer(certificate)
    server = await asyncio.get_running_loop().create_server(mails.connected, "127.0.0.1", 0)
    mails.port = server.sockets[0].getsockname()[1]
    try:
        yield mails
    finally:
        server.close()
        await server.wait_closed()


@dataclass
class Posted:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebServer:
    """Keeps every request; answers `status` once it may."""

    url: str = ""
    status: int = 200
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    posted: list[Posted] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        """Whatever comes."""
        self.posted.append(Posted(request.url.path, dict(request.headers), await request.body()))
        await self.may_answer.wait()
        return Response(status_code=self.status)


@asynccontextmanager
async def web_server() -> AsyncIterator[WebServer]:
    """On a port of its own."""
    web = WebServer()
    web.may_answer.set()
    app = FastAPI()
    app.add_api_route("/{path:path}", web.take, methods=["POST"])
    async with serving(app) as url:
        web.url = url
        yield web
        web.may_answer.set()
