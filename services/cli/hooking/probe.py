"""Asks the receiver whether it takes a token: with an event about nothing, which it accepts and the worker ignores."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from pydantic import SecretStr

from shared.authorities import usual_authorities

PATH = "/webhooks/procore"
SECONDS = 10.0
RESOURCE = "Invoice Export Probe"


class Answer(StrEnum):
    """What the receiver makes of a token."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Probed:
    """`told` is one line for a person."""

    answer: Answer
    told: str


def full_url(url: str) -> str:
    """With the receiver's path where there is none."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + PATH


async def probe(url: str, token: SecretStr, company_id: str) -> Probed:
    """On a connection of its own, so that each of several receivers behind one address may be met."""
    event = {
        "id": f"probe-{uuid4().hex}",
        "timestamp": datetime.now(UTC).isoformat(),
        "reason": "probe",
        "company_id": company_id,
        "resource_type": RESOURCE,
        "resource_id": "0",
    }
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    try:
        async with httpx.AsyncClient(timeout=SECONDS, verify=usual_authorities()) as client:
            answer = await client.post(full_url(url), json=event, headers=headers)
    except httpx.HTTPError as error:
        return Probed(Answer.UNCLEAR, f"no answer from {full_url(url)} ({type(error).__name__})")
    match answer.status_code:
        case HTTPStatus.NO_CONTENT:
            return Probed(Answer.ACCEPTED, "taken")
        case HTTPStatus.UNAUTHORIZED:
            return Probed(Answer.REFUSED, "the receiver answers 401: it does not know the token")
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return Probed(Answer.UNCLEAR, "the receiver answers 503: neither Kafka nor Postgres takes events")
    return Probed(Answer.UNCLEAR, f"{full_url(url)} answers {answer.status_code}: it is not our receiver")
