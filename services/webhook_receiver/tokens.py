"""Is this delivery from a hook of ours? Procore signs nothing: a static Authorization header is all."""

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest

from pydantic import SecretStr

BEARER = b"bearer "


class Tokens:
    """All tokens that count during a rotation, the current one first."""

    def __init__(self, tokens: Iterable[SecretStr]) -> None:
        self._digests = [_digest(token.get_secret_value().encode()) for token in tokens]

    def position(self, authorization: bytes | None) -> int | None:
        """Which token the header carries (0 is the current one), as itself or as "Bearer <token>"; else None.

        Every token is compared in constant time, whichever fits.
        """
        presented = _digest(authorization or b"")
        found = None
        for position, digest in enumerate(self._digests):
            if compare_digest(presented, digest):
                found = position
        return found if authorization else None


def _digest(authorization: bytes) -> bytes:
    """Of one length for all, so that the comparison does not tell a token's."""
    value = authorization.strip()
    if value[: len(BEARER)].lower() == BEARER:
        value = value[len(BEARER) :].strip()
    return sha256(value).digest()
