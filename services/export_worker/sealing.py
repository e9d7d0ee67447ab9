"""Seals what was appended, on a schedule. Any worker does it: a seal follows the one before it, and only one can."""

from datetime import timedelta

import structlog
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker import timekeeping
from shared.ledger.seals import OVER_SECONDS, StillWriting, seal

log = structlog.get_logger("export_worker.sealing")


class Sealing:
    """Once in `every`, if there is anything to seal; never when that is nothing: then people do it by command."""

    def __init__(self, engine: AsyncEngine, key: SecretStr, *, every: timedelta, within: float = OVER_SECONDS) -> None:
        self._engine = engine
        self._key = key
        self._every = every
        self._within = within

    async def run_due(self) -> None:
        """The log line holds what `ledger seal` prints: kept outside the database, it proves the newest seal."""
        if not self._every:
            return
        try:
            made = await seal(self._engine, self._key, now=timekeeping.now(), every=self._every, within=self._within)
        except StillWriting as error:
            log.warning("seal.postponed", why=str(error))
            return
        if made is not None:
            log.info(
                "ledger.sealed",
                seal=made.id,
                exports=made.exports,
                last_entry_id=made.last_entry_id,
                mac=made.mac.hex(),
            )
