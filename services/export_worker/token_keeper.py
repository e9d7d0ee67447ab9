"""One connection's log-in for its adapter: what is stored, renewed when it has to be, and stored before it is used."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from services.export_worker import timekeeping
from services.export_worker.core.outcomes import AuthExpired, LookUpFailure, Unavailable
from services.export_worker.erp.adapter import Renewal, Tokens
from shared.connections.token_store import KeptTokens, TokenStore, Turn, UndecipherableToken
from shared.database import DATABASE_ERRORS

# A token that ends while its request is under way is no use.
SOON = timedelta(minutes=1)


class StoredTokenKeeper:
    """See TokenKeeper. `first` is a refresh token to begin with; what is stored wins over it."""

    def __init__(
        self,
        store: TokenStore,
        connection: str,
        first: str | None = None,
        now: Callable[[], datetime] = timekeeping.now,
    ) -> None:
        self._store = store
        self._connection = connection
        self._first = first
        self._now = now
        self._held: KeptTokens | None = None
        self._unstored: KeptTokens | None = None
        self._flight: asyncio.Task[str | LookUpFailure] | None = None

    async def access_token(self, renew: Renewal, refused: str | None = None) -> str | LookUpFailure:
        """Whoever comes while a renewal is under way waits for it; who gives up waiting does not end it."""
        if self._flight is not None:
            got = await asyncio.shield(self._flight)
            if got != refused:
                return got
        at_hand = self._running(self._held, refused)
        if at_hand is not None:
            return at_hand
        if self._flight is None:
            self._flight = asyncio.create_task(self._fetch(renew, refused))
            self._flight.add_done_callback(self._landed)
        return await asyncio.shield(self._flight)

    async def _fetch(self, renew: Renewal, refused: str | None) -> str | LookUpFailure:
        try:
            async with self._store.turn(self._connection) as turn:
                return await self._renewed(turn, renew, refused)
        except UndecipherableToken:
            return AuthExpired(
                "TOKEN_ENCRYPTION_KEY does not open the stored log-in: give the key that it was set with."
            )
        except DATABASE_ERRORS as error:
            return Unavailable(f"The stored log-in cannot be read or written now ({type(error).__name__}).")

    async def _renewed(self, turn: Turn, renew: Renewal, refused: str | None) -> str | LookUpFailure:
        """What another process renewed meanwhile serves too."""
        if self._unstored is not None:
            await self._keep(turn, self._unstored)
        stored = await turn.load()
        at_hand = self._running(stored, refused)
        if at_hand is not None:
            self._held = stored
            return at_hand
        refresh_token = stored.refresh_token if stored else self._first
        if refresh_token is None:
            return AuthExpired(f"No log-in is stored: run `invoice-export tokens set {self._connection}`.")
        got = await renew(refresh_token)
        if not isinstance(got, Tokens):
            return got
        if not await self._keep(turn, kept(got, stored.version if stored else 0)):
            return await self._renewed(turn, renew, refused)
        return got.access_token

    async def _keep(self, turn: Turn, tokens: KeptTokens) -> bool:
        """Until it is stored it is remembered here: the refresh token before it may be worth nothing any more."""
        self._unstored = tokens
        is_stored = await turn.put(tokens)
        self._unstored = None
        if is_stored:
            self._held = tokens
        return is_stored

    def _running(self, tokens: KeptTokens | None, refused: str | None) -> str | None:
        """The access token, where it has a while to run and was not refused."""
        if tokens is None or tokens.access_token in {None, refused} or tokens.access_until is None:
            return None
        return tokens.access_token if tokens.access_until > self._now() + SOON else None

    def _landed(self, _: asyncio.Task[str | LookUpFailure]) -> None:
        self._flight = None


def kept(tokens: Tokens, version: int) -> KeptTokens:
    """As they are stored; `version` is that of what was renewed."""
    return KeptTokens(tokens.refresh_token, tokens.refresh_expires_at, tokens.access_token, tokens.expires_at, version)
