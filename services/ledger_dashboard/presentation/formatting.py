"""Amounts, times and counts as people read them. Pure: what is shown depends on nothing but the arguments."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from shared.ledger.words import Reason

NOTHING = "–"
MINUTE = 60
STEPS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def money(amount: Decimal | None, currency: str | None = None) -> str:
    """1,234.50 USD; to the cent, with a true minus."""
    if amount is None:
        return NOTHING
    text = f"{amount:,.2f}".replace("-", "−")
    return f"{text} {currency}" if currency else text


def moment(at: datetime | None) -> str:
    """2026-11-26 12:05, in UTC."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def second(at: datetime | None) -> str:
    """2026-11-26 12:05:09, in UTC."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def day(at: date | None) -> str:
    """2026-11-26."""
    return NOTHING if at is None else at.isoformat()


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, in its largest unit: 3 d, 5 h, 12 min, now."""
    return NOTHING if since is None else span(now - since) or "now"


def span(length: timedelta) -> str:
    """In its largest unit from a minute on; empty below."""
    for step, unit in STEPS:
        if length >= step:
            return f"{length // step} {unit}"
    return ""


def seconds(length: float | None) -> str:
    """0.12 s, 3.4 s, 12 min: as exact as is useful."""
    if length is None:
        return NOTHING
    if length < 1:
        return f"{length * 1000:.0f} ms"
    return f"{length:.1f} s" if length < MINUTE else span(timedelta(seconds=length))


def count(number: int, one: str, many: str | None = None) -> str:
    """1 export, 3 exports."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def reason(word: Reason | str) -> str:
    """approver_lacks_privilege -> Approver lacks privilege."""
    text = str(word).replace("_", " ").replace(" erp", " ERP").replace("erp integrations", "ERP Integrations")
    return text[:1].upper() + text[1:]
