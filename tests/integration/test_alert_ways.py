"""Each way to people against a real server of its kind: what arrives there, and what never does."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.ledger_dashboard.alerts.conditions import News, State
from services.ledger_dashboard.alerts.ways import NotTold, Way, ways_of
from services.ledger_dashboard.settings import AlertSettings
from tests.support.certificates import write_certificate
from tests.support.receivers import LOGIN, PASSWORD, MailServer, WebServer, mail_server, web_server

SECRET = "whsec_" + "c2l4dGVlbi1vci1tb3JlLWNoYXJhY3RlcnM="
SITE = "https://exports.example"
SINCE = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HELD = State("held:period_closed:acme", "3 exports are held.", "/exports?status=held&connection=acme", 3, SINCE)
LAG = State("lag", "1,200 records wait in Kafka.", "/health", 1_200, SINCE)
TOLD = [News(HELD), News(LAG, is_over=True)]
GREETED_IN_THE_OPEN = "ignore:Requiring AUTH while not requiring TLS"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=0.5) as client:
        yield client


@pytest.fixture
async def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailServer]:
    """With a certificate that this machine believes."""
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    async with mail_server(certificate) as mails:
        yield mails


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with web_server() as web:
        yield web


def way(client: httpx.AsyncClient, **given: Any) -> Way:
    """The one that these settings make."""
    (made,) = ways_of(AlertSettings.model_validate(given), client, SITE)
    return made


def by_mail(client: httpx.AsyncClient, server: MailServer, password: str = PASSWORD, to: str = "ops@a.example") -> Way:
    address = f"smtp://{quote(LOGIN, safe='')}:{quote(password, safe='')}@localhost:{server.port}"
    return way(client, smtp_url=address, alert_mail_from=LOGIN, alert_mail_to=to)


async def test_a_mail_arrives_after_starttls_and_log_in(client: httpx.AsyncClient, mails: MailServer) -> None:
    await by_mail(client, mails, to="ops@a.example, cfo@a.example").tell(TOLD, SINCE)
    (mail,) = mails.mails
    assert mail["Subject"] == "invoice-export: 1 needs attention, 1 over"
    assert (mail["From"], mail["To"]) == (LOGIN, "ops@a.example, cfo@a.example")
    assert mail["Date"].datetime == SINCE
    assert mail["Message-ID"].endswith("@ironside.example>")
    assert mail["Auto-Submitted"] == "auto-generated"
    link = f"{SITE}/exports?status=held&connection=acme"
    assert mail.get_content().splitlines() == [f"3 exports are held. {link}", "", "Over: 1,200 records wait in Kafka."]


async def test_a_wrong_password_is_not_told_on(client: httpx.AsyncClient, mails: MailServer) -> None:
    with pytest.raises(NotTold) as refused:
        await by_mail(client, mails, password="another-secret").tell(TOLD, SINCE)
    assert str(refused.value) == "SMTPAuthenticationError 535"
    assert refused.value.__cause__ is None
    assert mails.mails == []


@pytest.mark.filterwarnings(GREETED_IN_THE_OPEN)
async def test_a_password_never_travels_in_the_open(client: httpx.AsyncClient) -> None:
    async with mail_server() as without_starttls:
        with pytest.raises(NotTold, match="STARTTLS"):
            await by_mail(client, without_starttls).tell(TOLD, SINCE)
        assert (without_starttls.tried, without_starttls.mails) == ([], [])


async def test_a_certificate_that_nobody_vouches_for_is_refused(client: httpx.AsyncClient, tmp_path: Path) -> None:
    async with mail_server(write_certificate(tmp_path)) as mails:
        with pytest.raises(NotTold):
            await by_mail(client, mails).tell(TOLD, SINCE)
        assert (mails.tried, mails.mails) == ([], [])


async def test_a_mail_that_the_server_refuses_is_not_told(client: httpx.AsyncClient, mails: MailServer) -> None:
    mails.answer = f"452 no space for {PASSWORD}"
    with pytest.raises(NotTold, match=r"^SMTPDataError 452$"):
        await by_mail(client, mails).tell(TOLD, SINCE)


async def test_slack_gets_one_text(client: httpx.AsyncClient, web: WebServer) -> None:
    await way(client, alert_slack_url=f"{web.url}/services/T0/B0/xyz").tell(TOLD, SINCE)
    (got,) = web.posted
    assert got.path == "/services/T0/B0/xyz"
    assert json.loads(got.body) == {
        "text": "*invoice-export: 1 needs attention, 1 over* (12:00 UTC)\n"
        f"• 3 exports are held. {SITE}/exports?status=held&amp;connection=acme\n"
        "• Over: 1,200 records wait in Kafka."
    }


async def test_a_webhook_is_verified_by_the_standard(client: httpx.AsyncClient, web: WebServer) -> None:
    now = datetime.now(UTC)
    await signed(client, web).tell(TOLD, now)
    (got,) = web.posted
    read = Webhook(SECRET).verify(got.body, got.headers)
    assert (read["type"], read["timestamp"]) == ("invoice_export.alerts", now.isoformat())
    firing, ended = read["data"]["alerts"]
    assert firing == {
        "key": HELD.key,
        "status": "firing",
        "sentence": HELD.sentence,
        "count": 3,
        "since": SINCE.isoformat(),
        "url": SITE + HELD.path,
    }
    assert (ended["key"], ended["status"]) == ("lag", "ended")


async def test_what_was_tampered_with_or_is_old_is_refused(client: httpx.AsyncClient, web: WebServer) -> None:
    await signed(client, web).tell(TOLD, datetime.now(UTC))
    await signed(client, web).tell(TOLD, datetime.now(UTC) - timedelta(minutes=6))
    fresh, replayed = web.posted
    changed = fresh.body.replace(b"3 exports", b"0 exports")
    another = Webhook("whsec_" + "YW5vdGhlci1zaXh0ZWVuLWNoYXJhY3RlcnM=")
    for key, body, headers in (
        (Webhook(SECRET), changed, fresh.headers),
        (Webhook(SECRET), fresh.body, fresh.headers | {"webhook-id": "alert_other"}),
        (Webhook(SECRET), replayed.body, replayed.headers),
        (another, fresh.body, fresh.headers),
    ):
        with pytest.raises(WebhookVerificationError):
            key.verify(body, headers)


async def test_a_webhook_that_is_sent_again_keeps_its_id(client: httpx.AsyncClient, web: WebServer) -> None:
    grown = [News(State(HELD.key, "9 exports are held.", HELD.path, 9, SINCE))]
    for news, later in ((TOLD, 0), (TOLD, 15), (grown, 30), ([News(HELD, is_over=True)], 45)):
        await signed(client, web).tell(news, SINCE + timedelta(seconds=later))
    first, again, *others = [got.headers["webhook-id"] for got in web.posted]
    assert first == again
    assert len({first, *others}) == 3


@pytest.mark.parametrize("status", [301, 404, 500])
async def test_anything_but_a_yes_is_not_told(client: httpx.AsyncClient, web: WebServer, status: int) -> None:
    web.status = status
    for one in (way(client, alert_slack_url=f"{web.url}/secret"), signed(client, web)):
        with pytest.raises(NotTold, match=f"^HTTP {status}$"):
            await one.tell(TOLD, SINCE)


async def test_a_server_that_never_answers_is_given_up(client: httpx.AsyncClient, web: WebServer) -> None:
    web.may_answer.clear()
    with pytest.raises(NotTold, match="ReadTimeout"):
        await signed(client, web).tell(TOLD, SINCE)


async def test_an_answer_without_end_is_not_read(client: httpx.AsyncClient) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"1\r\nx\r\n")
                await asyncio.sleep(0.05)
        finally:
            writer.close()
            gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret"
    async with server, asyncio.timeout(5):
        await way(client, alert_slack_url=address).tell(TOLD, SINCE)
        await gone.wait()


def signed(client: httpx.AsyncClient, web: WebServer) -> Way:
    return way(client, alert_webhook_url=f"{web.url}/alerts", alert_webhook_secret=SECRET)
