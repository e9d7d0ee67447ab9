"""A dead letter: an authentic webhook that we could not read, kept as it came, with the reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Self

MAX_ORIGIN_HEADERS = 50
MAX_HEADER_LENGTH = 1024
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
ORIGIN = "http-"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """`body` is whole, or the head of one that was too large; `sha256` is of the bytes that arrived."""

    reason: str
    detail: str
    received_at: datetime
    body: bytes
    sha256: str
    length: int
    is_whole: bool
    origin_headers: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls,
        body: bytes,
        *,
        reason: str,
        detail: str,
        received_at: datetime,
        http_headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> Self:
        return cls(
            reason=reason,
            detail=detail,
            received_at=received_at,
            body=body,
            sha256=sha256(body).hexdigest(),
            length=len(body),
            is_whole=True,
            origin_headers=without_secrets(http_headers),
        )

    def headers(self) -> list[tuple[str, bytes]]:
        fields = {
            "dead_letter_reason": self.reason,
            "dead_letter_detail": self.detail,
            "received_at": self.received_at.isoformat(),
            "body_sha256": self.sha256,
            "body_length": str(self.length),
            "body_is_whole": str(self.is_whole).lower(),
            **{ORIGIN + name: value for name, value in self.origin_headers},
        }
        return [(name, value.encode()) for name, value in fields.items()]

    @classmethod
    def from_record(cls, value: bytes | None, headers: Sequence[tuple[str, bytes]], *, recorded_at: datetime) -> Self:
        """Tolerant: a foreign record in the topic is still a dead letter, dated when Kafka recorded it."""
        texts = {name: (content or b"").decode("utf-8", "replace") for name, content in headers}
        body = value or b""
        return cls(
            reason=texts.get("dead_letter_reason", "unknown"),
            detail=texts.get("dead_letter_detail", ""),
            received_at=_moment(texts.get("received_at", ""), recorded_at),
            body=body,
            sha256=texts.get("body_sha256") or sha256(body).hexdigest(),
            length=int(length) if (length := texts.get("body_length", "")).isdecimal() else len(body),
            is_whole=texts.get("body_is_whole", "true") == "true",
            origin_headers=tuple(
                (name.removeprefix(ORIGIN), text) for name, text in texts.items() if name.startswith(ORIGIN)
            ),
        )


def without_secrets(http_headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    named = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in http_headers)
    kept = [(name, value[:MAX_HEADER_LENGTH]) for name, value in named if name not in SECRET_HEADERS]
    return tuple(kept[:MAX_ORIGIN_HEADERS])


def _moment(text: str, otherwise: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return moment if moment.tzinfo is not None else otherwise
