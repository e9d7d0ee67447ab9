"""What has to be done so that one project's owner invoices are told to us by exactly one hook. Pure.

A hook is ours by its namespace; no other is ever touched. Something stands before something is taken away, so that
no event falls between two hooks. What two hooks tell twice is one event by its id.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shared.events.webhook_event import is_owner_invoice
from shared.procore.webhook_rows import DISABLED, SHOWN_OF_A_HEADER, Hook, Trigger
from shared.procore.webhooks import PAYLOAD_VERSION

REASONS = ("create", "update", "delete")


class Generation(StrEnum):
    """Which of our tokens a hook carries, as far as the end that Procore shows can tell."""

    CURRENT = "current"
    PREVIOUS = "previous"
    FOREIGN = "not one of ours"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True)
class Standing:
    """A hook as Procore shows it."""

    hook: Hook
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """`destination_url` None: not known here, as it stands. `payload_version` None: as it stands, new ones v2.0.

    `token_ends` are the ends of our tokens, the current one first; empty where they are not known.
    """

    namespace: str
    destination_url: str | None
    payload_version: str | None = None
    token_ends: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Make:
    """A hook with all its triggers."""

    payload_version: str
    why: str


@dataclass(frozen=True)
class Correct:
    """The address, the token and that it is active: always all three."""

    hook: Hook
    why: str


@dataclass(frozen=True)
class Listen:
    """One more trigger."""

    hook: Hook
    reason: str
    why: str = "the trigger is missing"


@dataclass(frozen=True)
class Unlisten:
    """One trigger less."""

    hook: Hook
    trigger: Trigger
    why: str = "the trigger stands twice"


@dataclass(frozen=True)
class Remove:
    """The hook and its triggers; only once nothing waits for it any more, where another has taken its place."""

    hook: Hook
    why: str
    is_replaced: bool


Action = Make | Correct | Listen | Unlisten | Remove


def plan(wanted: Wanted, standing: Iterable[Standing], *, rotate: bool = False) -> list[Action]:
    """In the order in which it must be done; empty when all is as wanted. `rotate` gives every hook its token anew."""
    ours = _ours(wanted.namespace, standing)
    fitting = [each for each in ours if wanted.payload_version in (None, each.hook.payload_version)]
    if not fitting:
        version = wanted.payload_version or PAYLOAD_VERSION
        why = f"another payload version than {version}"
        make = Make(version, why if ours else "there is none")
        return [make, *(Remove(each.hook, why, is_replaced=True) for each in ours)]
    kept = min(fitting, key=lambda each: _rank(wanted, each.hook))
    spare = [each for each in ours if each is not kept]
    return [
        *_corrected(wanted, kept.hook, rotate=rotate),
        *_listening(kept),
        *(Remove(each.hook, f"hook {kept.hook.id} is the one that stays", is_replaced=True) for each in spare),
    ]


def plan_removal(namespace: str, standing: Iterable[Standing]) -> list[Action]:
    """Takes away every hook of ours."""
    return [Remove(each.hook, "to be removed", is_replaced=False) for each in _ours(namespace, standing)]


def generation(hook: Hook, token_ends: Sequence[str]) -> Generation:
    if hook.token_end is None or not token_ends:
        return Generation.NOT_SHOWN
    if hook.token_end == token_ends[0]:
        return Generation.CURRENT
    return Generation.PREVIOUS if hook.token_end in token_ends else Generation.FOREIGN


def end_of(token: str) -> str:
    """What Procore would show of a header that carries this token."""
    return f"Bearer {token}"[-SHOWN_OF_A_HEADER:]


def _ours(namespace: str, standing: Iterable[Standing]) -> list[Standing]:
    return [each for each in standing if each.hook.namespace == namespace]


def _rank(wanted: Wanted, hook: Hook) -> tuple[bool, int, str]:
    """Without a fault first, then by age."""
    return bool(_faults(wanted, hook)), len(hook.id), hook.id


def _corrected(wanted: Wanted, hook: Hook, *, rotate: bool) -> Iterator[Action]:
    faults = _faults(wanted, hook)
    if faults or rotate:
        yield Correct(hook, ", ".join(faults) or "it is given the current token")


def _faults(wanted: Wanted, hook: Hook) -> list[str]:
    """What is wrong with it, and can be put right without another hook."""
    faults = []
    if wanted.destination_url not in (None, hook.destination_url):
        faults.append("it tells another address")
    if hook.status == DISABLED:
        faults.append("it is disabled")
    match generation(hook, wanted.token_ends):
        case Generation.PREVIOUS:
            faults.append("it carries a previous token")
        case Generation.FOREIGN:
            faults.append("it carries a token that is not one of ours")
        case Generation.CURRENT | Generation.NOT_SHOWN:
            pass
    return faults


def _listening(kept: Standing) -> Iterator[Action]:
    heard = [trigger for trigger in kept.triggers if is_owner_invoice(trigger.resource)]
    for reason in REASONS:
        if all(trigger.reason != reason for trigger in heard):
            yield Listen(kept.hook, reason)
    seen: set[str] = set()
    for trigger in heard:
        if trigger.reason in seen:
            yield Unlisten(kept.hook, trigger)
        seen.add(trigger.reason)
