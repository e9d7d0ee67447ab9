"""The twin of the stored tokens: the same promises to one process, without a database."""

import asyncio

from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.erp.adapter import Renewal


class TokensInMemory:
    """Keeps one connection's tokens. Renews once however many ask, and the new refresh token replaces the old one."""

    def __init__(self, refresh_token: str) -> None:
        self.refresh_token = refresh_token
        self.current: str | None = None
        self.turn = asyncio.Lock()

    async def access_token(self, renew: Renewal, refused: str | None = None) -> str | LookUpFailure:
        """See TokenKeeper."""
        async with self.turn:
            if self.current is None or self.current == refused:
                renewed = await renew(self.refresh_token)
                if isinstance(renewed, LookUpFailure):
                    return renewed
                self.refresh_token, self.current = renewed.refresh_token, renewed.access_token
            return self.current
