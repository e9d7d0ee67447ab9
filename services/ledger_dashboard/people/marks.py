"""Keyed marks of what only we give out: who reads the database cannot make one."""

import hashlib
import hmac
from enum import StrEnum

from pydantic import SecretStr


class Purpose(StrEnum):
    """What a mark is for: one made for one purpose never fits another."""

    SESSION = "session"
    CSRF = "csrf"
    LOG_IN = "log_in"


class Marks:
    """Made with SESSION_KEY: to change that key ends every session."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key.get_secret_value().encode()

    def mark(self, purpose: Purpose, text: str) -> bytes:
        """32 bytes, the same for the same text."""
        return hmac.digest(self._key, f"{purpose}:{text}".encode(), hashlib.sha256)

    def key_for(self, purpose: Purpose) -> str:
        """A key of its own for what signs by itself."""
        return self.mark(purpose, "key").hex()
