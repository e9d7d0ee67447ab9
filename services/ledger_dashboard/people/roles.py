"""Who may do what: four roles, and the deeds of each. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is here for. A person may have several."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ACCOUNTING_APPROVER = "accounting_approver"
    ADMIN = "admin"


class Deed(StrEnum):
    """What can be done in the dashboard and its API."""

    SEE = "see"
    REPLAY = "replay"
    ACCEPT = "accept"
    CONFIRM = "confirm"
    RESOLVE = "resolve"
    RELEASE = "release"  # under one's own recorded rights: only with a Procore user id
    PAUSE = "pause"
    MAP = "map"  # import and edit mappings
    RECORD = "record"  # import and edit approver records
    REPLAY_DEAD_LETTER = "replay_dead_letter"
    SIGN_OFF = "sign_off"  # a month that ties out
    SEE_AUDIT = "see_audit"


_OPERATING = frozenset(
    {
        Deed.SEE,
        Deed.REPLAY,
        Deed.ACCEPT,
        Deed.CONFIRM,
        Deed.RESOLVE,
        Deed.PAUSE,
        Deed.MAP,
        Deed.REPLAY_DEAD_LETTER,
    }
)
MAY: Mapping[Role, frozenset[Deed]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Deed.SEE}),
        Role.OPERATOR: _OPERATING,
        Role.ACCOUNTING_APPROVER: frozenset({Deed.SEE, Deed.RELEASE, Deed.REPLAY, Deed.SIGN_OFF}),
        Role.ADMIN: _OPERATING | {Deed.RECORD, Deed.SIGN_OFF, Deed.SEE_AUDIT},
    }
)
SHOWN: Mapping[Role, str] = MappingProxyType(
    {
        Role.VIEWER: "viewer",
        Role.OPERATOR: "operator",
        Role.ACCOUNTING_APPROVER: "accounting approver",
        Role.ADMIN: "admin",
    }
)


def known_roles(words: Iterable[str]) -> frozenset[Role]:
    """Those of the words that are roles: what an older or newer version wrote gives no right."""
    written = frozenset(words)
    return frozenset(role for role in Role if role.value in written)


def roles_that_may(deed: Deed) -> tuple[Role, ...]:
    """In the order in which they are declared."""
    return tuple(role for role in Role if deed in MAY[role])
