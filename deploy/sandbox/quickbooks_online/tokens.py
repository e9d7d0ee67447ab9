"""The log-ins of one company: access tokens that end, and refresh tokens that are replaced as they are used."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from deploy.sandbox.quickbooks_online.rules import CompanyRules

FOREVER = float("inf")


@dataclass
class TokenDesk:
    """Until when (monotonic seconds) each token is good."""

    access: dict[str, float] = field(default_factory=dict)
    refresh: dict[str, float] = field(default_factory=dict)

    def opens(self, token: str) -> bool:
        """Whether the access token is good now."""
        return self.access.get(token, 0.0) > time.monotonic()

    def renewed(self, refresh_token: str, rules: CompanyRules) -> dict[str, Any] | None:
        """New tokens; the refresh token that was used ends after its grace. None: it is not good."""
        now = time.monotonic()
        until = self.refresh.get(refresh_token, FOREVER if refresh_token == rules.refresh_token else 0.0)
        if until <= now:
            return None
        self.refresh[refresh_token] = min(until, now + rules.refresh_grace_seconds)
        access, successor = f"access-{secrets.token_urlsafe(24)}", f"refresh-{secrets.token_urlsafe(24)}"
        self.access[access] = now + rules.log_in_seconds
        self.refresh[successor] = FOREVER
        return {
            "access_token": access,
            "refresh_token": successor,
            "token_type": "bearer",
            "expires_in": int(rules.log_in_seconds),
            "x_refresh_token_expires_in": rules.refresh_seconds,
        }

    def end_all(self) -> int:
        """Every access token ends; how many those were."""
        ended = len(self.access)
        self.access.clear()
        return ended
