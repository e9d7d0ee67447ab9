"""What is worth an alert, and when somebody is told: grouped, and with a quiet time. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.ledger.words import NEXT_STEP, Reason, Status

HEALTH = "/health"
GROUPED_FOR = timedelta(minutes=1)  # what begins together is told together
ENDED_FOR = timedelta(minutes=2)  # what comes back at once never ended


@dataclass(frozen=True)
class Held:
    """So many exports of a connection need a person for this reason."""

    connection: str
    status: Status
    reason: Reason | None
    count: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the database tells now. `refused`: webhooks answered 401 within the last quarter of an hour."""

    held: Sequence[Held] = ()
    open_circuits: Sequence[str] = ()
    stopped: Sequence[str] = ()
    lag: int | None = None
    parked: int = 0
    dead_letters: int = 0
    refused: int = 0
    missed: Mapping[str, int] = field(default_factory=dict)
    workers: int = 1
    receivers: int = 1


@dataclass(frozen=True)
class Condition:
    """Something that is wrong now. `path` is the dashboard's page about it."""

    key: str
    sentence: str
    path: str
    count: int = 1


@dataclass(frozen=True)
class State:
    """A condition with its history; `ended_at` None: it lasts."""

    key: str
    sentence: str
    path: str
    count: int
    since: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Telling:
    """What somebody was told last by one way."""

    key: str
    since: datetime
    told_at: datetime
    told_count: int
    end_told_at: datetime | None = None


@dataclass(frozen=True)
class News:
    """One thing to tell: it is wrong, or it is over."""

    state: State
    is_over: bool = False


def conditions(facts: Facts, *, much_lag: int) -> Iterator[Condition]:
    """All that is wrong, each with a key of its own."""
    yield from map(_held, facts.held)
    yield from _of_connections(facts)
    yield from _of_webhooks(facts, much_lag)
    if not facts.workers:
        yield Condition("no_worker", "No worker is running: nothing is exported.", HEALTH)
    if not facts.receivers:
        yield Condition("no_receiver", "No receiver is running: Procore keeps its webhooks for 12 hours.", HEALTH)


def moved_on(known: Iterable[State], found: Iterable[Condition], now: datetime) -> list[State]:
    """The states after another look: begun, lasting, ended, or begun anew."""
    states = {state.key: state for state in known}
    seen = {condition.key: condition for condition in found}
    after = []
    for key, condition in seen.items():
        before = states.get(key)
        lasts = before is not None and (before.ended_at is None or now - before.ended_at < ENDED_FOR)
        since = before.since if before is not None and lasts else now
        after.append(State(key, condition.sentence, condition.path, condition.count, since))
    for key, state in states.items():
        if key not in seen:
            ended = state.ended_at or now
            after.append(State(key, state.sentence, state.path, state.count, state.since, ended))
    return after


def news(states: Iterable[State], told: Mapping[str, Telling], now: datetime, *, quiet: timedelta) -> list[News]:
    """What one way has to tell now.

    Something new is told once it lasted a minute, and takes along what began since; something told before again only
    when it grew and the quiet time is over; an end is told once, to those who were told of the beginning.
    """
    known = [(state, told.get(state.key)) for state in states]
    due = [one for state, last in known if (one := _news(state, last, now, quiet))]
    if not any(_is_new(one.state, told.get(one.state.key)) for one in due):
        return due
    early = [state for state, last in known if _is_new(state, last) and now - state.since < GROUPED_FOR]
    return [*due, *map(News, early)]


def _is_new(state: State, last: Telling | None) -> bool:
    return state.ended_at is None and (last is None or last.since != state.since)


def _news(state: State, last: Telling | None, now: datetime, quiet: timedelta) -> News | None:
    was_told = last is not None and last.since == state.since
    if state.ended_at is not None:
        is_due = was_told and last is not None and last.end_told_at is None and now - state.ended_at >= ENDED_FOR
        return News(state, is_over=True) if is_due else None
    if last is None or not was_told:
        return News(state) if now - state.since >= GROUPED_FOR else None
    grew = state.count > last.told_count
    return News(state) if grew and now - last.told_at >= quiet else None


def _held(one: Held) -> Condition:
    word = "failed" if one.status is Status.FAILED else "held"
    verb = "failed" if one.status is Status.FAILED else ("is held" if one.count == 1 else "are held")
    step = f" {NEXT_STEP[one.reason]}" if one.reason else ""
    where = f" on {one.connection}" if one.connection else ""
    about = one.reason.value if one.reason else "no_reason"
    reason = f"&reason={one.reason.value}" if one.reason else ""
    path = f"/exports?status={one.status.value}{reason}" + (f"&connection={one.connection}" if one.connection else "")
    words = about.replace("_", " ")
    return Condition(
        f"{word}:{about}:{one.connection}",
        f"{_many(one.count, 'export')} {verb}{where}: {words}.{step}",
        path,
        one.count,
    )


def _of_connections(facts: Facts) -> Iterator[Condition]:
    for name in facts.open_circuits:
        told = f"The ERP of {name} does not answer. It is tried again by itself."
        yield Condition(f"circuit:{name}", told, f"/connections/{name}")
    for name in facts.stopped:
        told = f"{name} stopped after errors of our own: resume it when they are mended."
        yield Condition(f"stopped:{name}", told, f"/connections/{name}")
    for name, count in facts.missed.items():
        told = f"Reconciliation found {_many(count, 'invoice')} of {name} that no webhook told of."
        yield Condition(f"missed:{name}", told, HEALTH, count)


def _of_webhooks(facts: Facts, much_lag: int) -> Iterator[Condition]:
    if facts.lag is not None and facts.lag > much_lag:
        yield Condition("lag", f"Waiting in Kafka: {_many(facts.lag, 'record')}.", HEALTH, facts.lag)
    if facts.parked:
        told = f"Parked, since Kafka does not take them: {_many(facts.parked, 'webhook')}."
        yield Condition("parked", told, HEALTH, facts.parked)
    if facts.dead_letters:
        told = f"{_many(facts.dead_letters, 'webhook')} of the last day could not be read."
        yield Condition("dead_letters", told, "/events-log?fate=dead_lettered", facts.dead_letters)
    if facts.refused:
        told = f"The receiver refused {_many(facts.refused, 'webhook')} for the token: Procore then pauses all of them."
        yield Condition("refused", told, HEALTH, facts.refused)


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
