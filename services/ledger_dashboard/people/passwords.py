"""Passwords: argon2id with the library's defaults, few at once and beside the event loop."""

import asyncio
import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 1024
AT_ONCE = 2  # each verification takes 64 MiB and a processor for a while


def hash_password(password: str) -> str:
    """For the database. Takes about a twentieth of a second, on purpose."""
    return PasswordHasher().hash(_normal(password))


def wrong_with(password: str) -> str | None:
    """Why nobody should have this password, as the end of a sentence; None when it will do."""
    length = len(_normal(password))
    if length < SHORTEST:
        return f"it has {length} characters; take at least {SHORTEST}"
    if length > LONGEST:
        return f"it has {length} characters; take at most {LONGEST}"
    return None


class Passwords:
    """Verifies without telling by the time it takes whether there is such an account."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._hasher = PasswordHasher()
        self._nobodys = nobodys_hash()

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the one that was hashed; the work is the same where there is no hash."""
        async with self._turns:
            fits = await asyncio.to_thread(self._verify, password_hash or self._nobodys, password[: LONGEST + 1])
        return fits and password_hash is not None

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _normal(password))
        except (VerificationError, InvalidHashError):
            return False


@cache
def nobodys_hash() -> str:
    """Of a password that nobody knows, one for the process."""
    return hash_password(secrets.token_urlsafe())


def _normal(password: str) -> bytes:
    """The same bytes for the same letters, from whatever keyboard they come."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")
