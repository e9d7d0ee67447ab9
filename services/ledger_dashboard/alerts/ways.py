"""By which way people are told: mail, a Slack-compatible hook, or a webhook with a Standard Webhooks signature."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from hashlib import sha256
from html import escape
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import httpx
from standardwebhooks import Webhook

from services.ledger_dashboard.alerts.conditions import News
from services.ledger_dashboard.settings import AlertSettings

SECONDS = 10.0
SMTP_PORTS = {"smtp": 587, "smtps": 465}


class NotTold(Exception):
    """This way did not work; it is tried again. Holds no address and no secret."""


class Way(Protocol):
    """One way to people."""

    name: str

    async def tell(self, news: Sequence[News], now: datetime) -> None:
        """All of it in one message. Raises NotTold."""


class Mail:
    """By SMTP, with STARTTLS where the server offers it; a password never travels without."""

    name = "mail"

    def __init__(self, server: str, sender: str, recipients: Sequence[str], dashboard: str | None) -> None:
        self._server = urlsplit(server)
        self._sender = sender
        self._recipients = recipients
        self._dashboard = dashboard

    async def tell(self, news: Sequence[News], now: datetime) -> None:
        """One mail."""
        server = self._server
        is_plain = server.scheme == "smtp"
        try:
            await aiosmtplib.send(
                self._mail(news, now),
                hostname=server.hostname,
                port=server.port or SMTP_PORTS[server.scheme],
                username=unquote(server.username) if server.username else None,
                password=unquote(server.password) if server.password else None,
                use_tls=not is_plain,
                start_tls=True if is_plain and server.password else None,
                timeout=SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotTold(_why(error)) from None

    def _mail(self, news: Sequence[News], now: datetime) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = subject(news)
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._recipients)
        mail["Date"] = now
        mail["Message-ID"] = f"<{number(news)}@{parseaddr(self._sender)[1].rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content("\n\n".join(line(one, self._dashboard) for one in news) + "\n")
        return mail


def _why(error: Exception) -> str:
    """By name, with the number of the server's answer: its words may repeat ours."""
    if type(error) is aiosmtplib.SMTPException:
        return str(error)  # aiosmtplib's own sentence: what the server does not offer
    code = f" {error.code}" if isinstance(error, aiosmtplib.SMTPResponseException) else ""
    return type(error).__name__ + code


class Slack:
    """Any incoming hook that takes {"text": ...}."""

    name = "slack"

    def __init__(self, client: httpx.AsyncClient, url: str, dashboard: str | None) -> None:
        self._client = client
        self._url = url
        self._dashboard = dashboard

    async def tell(self, news: Sequence[News], now: datetime) -> None:
        """One post."""
        text = "\n".join([f"*{subject(news)}* ({now:%H:%M} UTC)", *(f"• {line(one, self._dashboard)}" for one in news)])
        await posted(self._client, httpx.Request("POST", self._url, json={"text": escape(text, quote=False)}))


class Signed:
    """A webhook that its receiver can verify (Standard Webhooks)."""

    name = "webhook"

    def __init__(self, client: httpx.AsyncClient, url: str, secret: str, dashboard: str | None) -> None:
        self._client = client
        self._url = url
        self._webhook = Webhook(secret)
        self._dashboard = dashboard

    async def tell(self, news: Sequence[News], now: datetime) -> None:
        """One delivery, under an id that it keeps when it is sent again."""
        request = httpx.Request("POST", self._url, json=as_json(news, now, self._dashboard))
        request.headers["webhook-id"] = number(news)
        request.headers["webhook-timestamp"] = str(int(now.timestamp()))
        request.headers["webhook-signature"] = self._webhook.sign(number(news), now, request.content.decode())
        await posted(self._client, request)


def ways_of(settings: AlertSettings, client: httpx.AsyncClient, dashboard: str | None) -> list[Way]:
    """Those that are configured; none: nobody is told."""
    ways: list[Way] = []
    if settings.alert_mail_to and settings.smtp_url and settings.alert_mail_from:
        server = settings.smtp_url.get_secret_value()
        ways.append(Mail(server, settings.alert_mail_from, settings.alert_mail_to, dashboard))
    if settings.alert_slack_url:
        ways.append(Slack(client, settings.alert_slack_url.get_secret_value(), dashboard))
    if settings.alert_webhook_url and settings.alert_webhook_secret:
        secret = settings.alert_webhook_secret.get_secret_value()
        ways.append(Signed(client, settings.alert_webhook_url, secret, dashboard))
    return ways


def number(news: Sequence[News]) -> str:
    """The same for the same news, so that its receiver knows what came twice."""
    told = "\n".join(f"{one.state.key} {one.state.since} {one.state.count} {one.is_over}" for one in news)
    return f"alert_{sha256(told.encode()).hexdigest()[:32]}"


def subject(news: Sequence[News]) -> str:
    """What a person sees first."""
    wrong, over = sum(not one.is_over for one in news), sum(one.is_over for one in news)
    parts = [f"{wrong} need attention" if wrong > 1 else "1 needs attention"] if wrong else []
    return "invoice-export: " + ", ".join([*parts, *([f"{over} over"] if over else [])])


def line(one: News, dashboard: str | None) -> str:
    """One alert as text."""
    link = f" {dashboard}{one.state.path}" if dashboard and not one.is_over else ""
    return (f"Over: {one.state.sentence}" if one.is_over else one.state.sentence) + link


def as_json(news: Sequence[News], now: datetime, dashboard: str | None) -> dict[str, object]:
    """The webhook's content."""
    return {
        "type": "invoice_export.alerts",
        "timestamp": now.isoformat(),
        "data": {
            "alerts": [
                {
                    "key": one.state.key,
                    "status": "ended" if one.is_over else "firing",
                    "sentence": one.state.sentence,
                    "count": one.state.count,
                    "since": one.state.since.isoformat(),
                    "url": f"{dashboard}{one.state.path}" if dashboard else None,
                }
                for one in news
            ]
        },
    }


async def posted(client: httpx.AsyncClient, request: httpx.Request) -> None:
    """Raises NotTold for anything but a 2xx. What is answered beside the status is not read."""
    try:
        response = await client.send(request, stream=True)
        await response.aclose()
    except httpx.HTTPError as error:
        raise NotTold(type(error).__name__) from None
    if not response.is_success:
        raise NotTold(f"HTTP {response.status_code}")
