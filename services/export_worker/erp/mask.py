"""What an ERP may repeat and nobody may read: a connection's secrets and log-ins, in each form they travel in. Pure."""

import base64
import html
import json
from collections import deque
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "[secret]"
# Stands for it until all are hidden, as no secret is a part of this.
PLACE = "\0"
CUT = "…"
# What is shorter, and is no secret of the connection itself, could be a part of an ordinary word.
SURE = 8
SHORTEST_REST = 4
LOG_INS_KEPT = 20


class Mask:
    """Hides what it knows. The secrets are known for good, log-ins as they come, of which the oldest are forgotten."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = frozenset(secret for secret in secrets if secret)
        self._log_ins: deque[str] = deque(maxlen=LOG_INS_KEPT)
        self._forms = self._all_forms()

    def learn(self, *log_ins: str) -> None:
        """Tokens that were obtained with the secrets."""
        known = (*self._secrets, *self._log_ins)
        new = [one for one in log_ins if len(one) >= SURE and one not in known]
        if new:
            self._log_ins.extend(new)
            self._forms = self._all_forms()

    def learn_access(self, header: str) -> None:
        """The value of an Authorization header, and what it holds behind names."""
        value = header.partition(" ")[2] or header
        if value not in self._log_ins:
            self.learn(value, *behind_names(value))

    def hide(self, text: str) -> str:
        """The text, with MASK for all that is known; also for one that was cut off in the middle of it."""
        for form in self._forms:
            text = text.replace(form, PLACE)
        if text.endswith(CUT):
            text = self._without_rest(text.removesuffix(CUT)) + CUT
        return text.replace(PLACE, MASK)

    def _without_rest(self, text: str) -> str:
        for form in self._forms:
            for length in range(min(len(form) - 1, len(text)), SHORTEST_REST - 1, -1):
                if text.endswith(form[:length]):
                    return text[:-length] + PLACE
        return text

    def _all_forms(self) -> tuple[str, ...]:
        """The longest first: one may be a part of another."""
        known = {form for secret in (*self._secrets, *self._log_ins) for form in forms_of(secret)}
        return tuple(sorted(known, key=len, reverse=True))


def forms_of(secret: str) -> Iterator[str]:
    """As it is; in addresses, in JSON, in HTML; and inside whatever is in base64."""
    yield secret
    written = {quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    written |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    yield from (form for form in written if len(form) >= SURE)
    for ahead in range(3):
        for core in in_base64(secret.encode(), ahead):
            if len(core) >= SURE:
                yield core


def in_base64(secret: bytes, ahead: int) -> tuple[str, str]:
    """The letters that stand for it alone when so many bytes (modulo 3) stand before it, in both alphabets."""
    begin, end = -(-ahead * 8 // 6), (ahead + len(secret)) * 8 // 6
    whole = bytes(ahead) + secret
    return base64.b64encode(whole).decode()[begin:end], base64.urlsafe_b64encode(whole).decode()[begin:end]


def behind_names(value: str) -> Iterator[str]:
    """What stands behind the colons of `user:password` or `user:number:token` in base64."""
    try:
        _, *rest = base64.b64decode(value, validate=True).decode().split(":")
    except ValueError:
        return
    yield from (":".join(rest[at:]) for at in range(len(rest)))
