"""What a run does follows from its seed."""

import pytest

from tests.chaos.plan import ALWAYS, BOOKS, KILLED, LONG, RARE, SHORT, TRYTON, Kind, Size, Tale, plan

SIZES = pytest.mark.parametrize("size", [SHORT, LONG], ids=["short", "long"])


@SIZES
def test_the_same_seed_plans_the_same_run(size: Size) -> None:
    assert plan(7, size) == plan(7, size)
    assert plan(7, size) != plan(8, size)


@SIZES
def test_a_run_has_as_many_approvals_as_asked(size: Size) -> None:
    bills = [(contract.company, bill) for contract in plan(7, size).contracts for bill in contract.bills]
    assert abs(len(bills) - size.approvals) <= 6
    assert abs(sum(company == TRYTON for company, _ in bills) - size.of_tryton) <= 6
    assert {company for company, _ in bills} == {*BOOKS, TRYTON}
    assert all(0 <= bill.at <= size.seconds for _, bill in bills)


@SIZES
def test_a_run_has_as_many_faults_as_asked(size: Size) -> None:
    faults = plan(7, size).faults
    assert len(faults) == size.faults
    assert set(ALWAYS) <= {fault.kind for fault in faults}
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)


def test_the_long_run_meets_every_kind_of_fault() -> None:
    faults = plan(7, LONG).faults
    assert {fault.kind for fault in faults} == set(Kind) >= set(RARE)
    assert {fault.what for fault in faults if fault.kind is Kind.KILL} <= set(KILLED)


def test_rights_are_taken_away_in_the_middle() -> None:
    for seed in range(20):
        (revocation,) = (fault for fault in plan(seed, SHORT).faults if fault.kind is Kind.REVOCATION)
        assert SHORT.seconds / 3 < revocation.at < SHORT.seconds * 2 / 3


def test_only_the_last_of_a_contract_may_stay_held() -> None:
    for contract in plan(7, LONG).contracts:
        assert {bill.tale for bill in contract.bills[:-1]} <= {Tale.PLAIN, Tale.RETHOUGHT}
