"""The channels on which Postgres tells at once that something changed; who missed it finds it by looking."""

from enum import StrEnum

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from shared.statements import Session, Statement

_TELL = Statement(select(func.pg_notify(bindparam("channel"), func.unnest(bindparam("about", type_=ARRAY(Text))))))


class Channel(StrEnum):
    """By whom each is heard: those who watch, the lanes, the trials, the tie-outs."""

    LEDGER_CHANGED = "ledger_changed"
    WORK_DUE = "work_due"
    TRIAL_ASKED = "trial_asked"
    TIE_OUT_ASKED = "tie_out_asked"


async def tell(session: Session, channel: Channel, *about: str) -> None:
    """Everybody who listens, once the session's transaction is committed; each of `about` by itself."""
    await _TELL.run(session, channel=channel.value, about=list(about or ("",)))
