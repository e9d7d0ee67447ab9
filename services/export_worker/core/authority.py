"""Who approved, and by what right: design law 4 and 5, over what the ledger and the records say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from shared.approvers.record import ApproverRecord
from shared.approvers.rule import judge
from shared.ledger.approval import approved
from shared.ledger.entries import Authority, Look
from shared.ledger.state import State
from shared.ledger.words import Reason


@dataclass(frozen=True, kw_only=True)
class Rights:
    """The records as they stand in this moment. `service_users` are our own: never an approver.

    `senders` are those whom Procore's own delivery list names, where the connection asks for that; None: not asked.
    `event_lead` is how much earlier than its change an event may be dated.
    """

    records: Mapping[str, ApproverRecord]
    service_users: frozenset[str]
    max_age: timedelta
    now: datetime
    senders: frozenset[str] | None = None
    event_lead: timedelta = timedelta(0)


def candidates(state: State) -> tuple[str, ...]:
    """Everybody whose record may be needed to judge this export now."""
    users = [event.user_id for event in state.events if event.user_id]
    if state.approval:
        users += [*state.approval.users, *chain.from_iterable(state.approval.changes)]
    if state.release:
        users += state.release.users
    return tuple(dict.fromkeys(users))


def judge_authority(state: State, look: Look, rights: Rights) -> Authority:
    """The authority for what `look` saw approved; its `problems` are empty when it may be exported.

    Where no event explains the approval, somebody else than those who are known may have given it.
    """
    if state.release and state.release.fingerprint == look.fingerprint:
        users = _people(state.release.users, rights)
        return _authority(users, "release", _problems_of_release(users, len(state.release.users), rights), rights)
    approval = approved(state, look)
    users = _people(approval.users, rights)
    problems = _problems_of_all(users, rights)
    if approval.unexplained_from:
        problems = tuple(dict.fromkeys((Reason.APPROVER_UNKNOWN, *problems)))
    if look.fingerprint != approval.fingerprint:
        changers = [_people(change, rights) for change in approval.changes]
        if any(_problems_of_all(each, rights) for each in changers):
            problems = (*problems, Reason.CHANGED_AFTER_APPROVAL)
        users = tuple(dict.fromkeys((*users, *chain.from_iterable(changers))))
    return _authority(users, "events", problems, rights)


def _people(users: Iterable[str], rights: Rights) -> tuple[str, ...]:
    return tuple(dict.fromkeys(user for user in users if user not in rights.service_users))


def _problems_of_all(users: tuple[str, ...], rights: Rights) -> tuple[Reason, ...]:
    """All must pass. Where only some do, nobody knows who it was."""
    if not users:
        return (Reason.APPROVER_UNKNOWN,)
    problems = [_problems_of(user, rights) for user in users]
    if not any(problems):
        return ()
    ambiguous = (Reason.APPROVER_AMBIGUOUS,) if len(users) > 1 else ()
    return (*ambiguous, *dict.fromkeys(problem for each in problems for problem in each))


def _problems_of_release(users: tuple[str, ...], needed: int, rights: Rights) -> tuple[Reason, ...]:
    """Each must pass for themselves: who released is never ambiguous, since it came as a signed command."""
    if len(users) < needed:
        return (Reason.APPROVER_UNKNOWN,)
    signed = replace(rights, senders=None)
    return tuple(dict.fromkeys(problem for user in users for problem in _problems_of(user, signed)))


def _problems_of(user: str, rights: Rights) -> tuple[Reason, ...]:
    found = judge(user, rights.records.get(user), rights.now, rights.max_age)
    unverified = (Reason.APPROVER_UNVERIFIED,) if rights.senders is not None and user not in rights.senders else ()
    return (*unverified, *(Reason(problem.value) for problem in found))


def _authority(users: tuple[str, ...], found_by: str, problems: tuple[Reason, ...], rights: Rights) -> Authority:
    records = tuple(rights.records[user].evidence() for user in users if user in rights.records)
    return Authority(users=users, found_by=found_by, records=records, problems=problems, judged_at=rights.now)
