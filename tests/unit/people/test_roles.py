"""Which role has which deeds, and what a person may."""

from dataclasses import replace

import pytest

from services.ledger_dashboard.people.person import Holder, Person, stranger
from services.ledger_dashboard.people.roles import MAY, SHOWN, Deed, Role, known_roles, roles_that_may
from shared.events.command import OperatorRole
from shared.settings import RoleWord

NOBODY = Holder("account:1", "Olga", frozenset(), None, None)


def test_each_role_has_exactly_its_deeds():
    operating = {"see", "replay", "accept", "confirm", "resolve", "pause", "map", "replay_dead_letter"}
    assert {
        Role.VIEWER: {"see"},
        Role.OPERATOR: operating,
        Role.ACCOUNTING_APPROVER: {"see", "release", "replay", "sign_off"},
        Role.ADMIN: operating | {"record", "sign_off", "see_audit"},
    } == MAY


def test_every_deed_belongs_to_some_role():
    assert set().union(*MAY.values()) == set(Deed)
    assert roles_that_may(Deed.RECORD) == (Role.ADMIN,)
    assert roles_that_may(Deed.REPLAY) == (Role.OPERATOR, Role.ACCOUNTING_APPROVER, Role.ADMIN)


@pytest.mark.parametrize("deed", Deed)
def test_roles_add_up_and_none_allows_nothing(deed):
    both = replace(NOBODY, roles=frozenset({Role.OPERATOR, Role.ACCOUNTING_APPROVER}), procore_user_id="7")
    assert not NOBODY.may(deed)
    assert both.may(deed) == (deed in MAY[Role.OPERATOR] | MAY[Role.ACCOUNTING_APPROVER])


def test_an_admin_releases_only_as_an_accounting_approver():
    admin = replace(NOBODY, roles=frozenset({Role.ADMIN}), procore_user_id="7")
    assert not admin.may(Deed.RELEASE)
    assert replace(admin, roles=admin.roles | {Role.ACCOUNTING_APPROVER}).may(Deed.RELEASE)


@pytest.mark.parametrize("user", [None, ""])
def test_a_release_needs_a_procore_user(user):
    approver = replace(NOBODY, roles=frozenset({Role.ACCOUNTING_APPROVER}), procore_user_id=user)
    assert not approver.may(Deed.RELEASE)
    assert approver.may(Deed.REPLAY)


def test_unknown_words_give_no_role():
    assert known_roles(["operator", "owner", "ADMIN", ""]) == {Role.OPERATOR}


def test_companies_bound_what_a_person_sees():
    assert NOBODY.sees("4907")
    some = replace(NOBODY, companies=frozenset({"4907"}))
    assert (some.sees("4907"), some.sees("490"), replace(NOBODY, companies=frozenset()).sees("4907")) == (
        True,
        False,
        False,
    )


def test_a_stranger_may_and_sees_nothing():
    who = stranger("192.0.2.1")
    assert not any(who.may(deed) for deed in Deed)
    assert not who.sees("4907")


def test_a_printed_person_shows_no_csrf():
    assert "secret" not in repr(Person("account:1", "Olga", frozenset(), None, None, csrf="secret"))


def test_settings_and_commands_know_the_same_roles():
    assert set(RoleWord.__args__) == set(Role)
    assert set(OperatorRole) < set(Role)
    assert set(SHOWN) == set(Role)
