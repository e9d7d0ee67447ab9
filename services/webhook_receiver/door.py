"""POST /webhooks/procore, as a bare ASGI endpoint: the token is checked before the body is read.

Procore gives up after 5 s, and any failure pauses every later delivery, so that all is answered within 2 s.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, assert_never

import structlog
from opentelemetry.trace import SpanKind

from services.webhook_receiver import metrics
from services.webhook_receiver.body import Disconnected, Oversized, Receive, TooSlow, Whole, read_body
from services.webhook_receiver.incoming import Incoming, incoming
from services.webhook_receiver.metrics import Outcome
from services.webhook_receiver.shelter import Kept, Shelter
from services.webhook_receiver.tokens import Tokens
from shared.telemetry import trace_context, trace_headers, tracer

PATH = "/webhooks/procore"
ANSWER_SECONDS = 1.9
BODY_SECONDS = 0.9
RETRY_AFTER = (b"retry-after", b"5")
CLOSE = (b"connection", b"close")
FINE = frozenset({Outcome.ACCEPTED, Outcome.IGNORED, Outcome.PARKED})

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _End:
    """How one request ends: `status` None when nobody is there to answer."""

    status: int | None
    outcome: Outcome
    facts: dict[str, str | int | None]
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Door:
    def __init__(self, tokens: Tokens, shelter: Shelter) -> None:
        self._tokens = tokens
        self._shelter = shelter
        self._log = structlog.get_logger("webhook_receiver").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = monotonic()
        if scope["method"] != "POST":
            await _answer(send, 405, ((b"allow", b"POST"),))
            return
        end = await self._admit(scope, receive, started)
        if end.status is not None:
            await _answer(send, end.status, end.headers)
        self._note(end, monotonic() - started)

    async def _admit(self, scope: Scope, receive: Receive, started: float) -> _End:
        headers = scope["headers"]
        position = self._tokens.position(_authorization(headers))
        if position is None:
            facts: dict[str, str | int | None] = {"client": _client(scope)}
            metrics.refused_at.set_to_current_time()
            return _End(401, Outcome.REFUSED, facts, ((b"www-authenticate", b"Bearer"), CLOSE))
        metrics.tokens.labels("current" if position == 0 else "previous").inc()
        with tracer().start_as_current_span("webhook.received", context=trace_context(headers), kind=SpanKind.SERVER):
            body = await read_body(receive, within=BODY_SECONDS)
            match body:
                case Whole(b"") if _hides_its_body(headers):
                    facts = {"why": "it asks for an upgrade, behind which its body cannot be read"}
                    return _End(503, Outcome.TURNED_AWAY, facts, (RETRY_AFTER, CLOSE))
                case Whole() | Oversized():
                    return await self._keep(body, headers, until=started + ANSWER_SECONDS)
                case TooSlow(length):
                    facts = {"why": "the body did not arrive in time", "length": length}
                    return _End(503, Outcome.TURNED_AWAY, facts, (RETRY_AFTER, CLOSE))
                case Disconnected(length):
                    return _End(None, Outcome.DISCONNECTED, {"length": length})
                case never:
                    assert_never(never)

    async def _keep(self, body: Whole | Oversized, headers: list[tuple[bytes, bytes]], *, until: float) -> _End:
        come = incoming(body, http_headers=headers, trace=trace_headers(), now=datetime.now(UTC))
        closing = (CLOSE,) if isinstance(body, Oversized) and not body.is_complete else ()
        match await self._shelter.keep(come.record, until=until):
            case Kept.IN_KAFKA:
                _count_dead_letter(come)
                return _End(204, come.outcome, come.facts, closing)
            case Kept.PARKED:
                _count_dead_letter(come)
                return _End(204, Outcome.PARKED, come.facts, closing)
            case Kept.NOWHERE:
                facts = {**come.facts, "why": "neither Kafka nor Postgres took it"}
                return _End(503, Outcome.TURNED_AWAY, facts, (RETRY_AFTER, *closing))
            case never:
                assert_never(never)

    def _note(self, end: _End, seconds: float) -> None:
        metrics.webhooks.labels(end.outcome).inc()
        metrics.seconds.observe(seconds)
        write = self._log.info if end.outcome in FINE else self._log.warning
        write(f"webhook.{end.outcome}", milliseconds=round(seconds * 1000, 1), **end.facts)


def _authorization(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    return next((value for name, value in headers if name == b"authorization"), None)


def _hides_its_body(headers: list[tuple[bytes, bytes]]) -> bool:
    """For the HTTP parser a request that asks for an upgrade ends with its headers, whatever length they tell."""
    told = dict(headers)
    asks = any(name == b"connection" and b"upgrade" in value.lower() for name, value in headers)
    return asks and b"upgrade" in told and (told.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in told)


def _client(scope: Scope) -> str | None:
    client = scope.get("client")
    return str(client[0]) if client else None


def _count_dead_letter(come: Incoming) -> None:
    if come.dead_letter_reason is not None:
        metrics.dead_letters.labels(come.dead_letter_reason).inc()


async def _answer(send: Send, status: int, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    length = () if status == 204 else ((b"content-length", b"0"),)  # noqa: PLR2004 - HTTP's own number
    await send({"type": "http.response.start", "status": status, "headers": [*length, *headers]})
    await send({"type": "http.response.body", "body": b""})
