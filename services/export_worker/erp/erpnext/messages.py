"""ERPNext's own words out of an answer: messages are JSON, in a list in JSON, in a string. Tracebacks stay behind."""

import html
import json
import re
from dataclasses import dataclass
from typing import Any

from services.export_worker.erp import exact
from services.export_worker.erp.http import Answer, shortened

BREAK = re.compile(r"</?(br|p|div|ul|ol|li|hr|tr|td)\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True)
class Told:
    """An exception that ERPNext tells of: the name of its class, and what it says to people."""

    kind: str
    text: str


def told_in(answer: Answer) -> Told | None:
    """What the answer says went wrong; None where it is not in Frappe's form."""
    body = exact.read(answer.content)
    if not isinstance(body, dict):
        return None
    raised = str(body.get("exception") or "")
    path, _, text = raised.partition(":")
    kind = str(body.get("exc_type") or path.strip().rpartition(".")[2])
    if not kind:
        return None
    return Told(kind, shortened(plain("; ".join(messages_in(body.get("_server_messages")) or [text]))))


def messages_in(packed: Any) -> list[str]:
    """Each message's text; what cannot be unpacked is left out."""
    messages = [unpacked(one) for one in listed(unpacked(packed))]
    return [str(one["message"]) for one in messages if isinstance(one, dict) and one.get("message")]


def unpacked(packed: Any) -> Any:
    """The JSON inside a string; anything else as it is."""
    if not isinstance(packed, str):
        return packed
    try:
        return json.loads(packed)
    except ValueError:
        return None


def listed(value: Any) -> list[Any]:
    """A list, or nothing."""
    return value if isinstance(value, list) else []


def plain(text: str) -> str:
    """Without markup, in one line."""
    return " ".join(html.unescape(TAG.sub("", BREAK.sub(" ", text))).split())
