"""Whom an identity provider's claims stand for."""

import pytest

from services.ledger_dashboard.people.claims import GroupRules, Unusable, holder_of
from services.ledger_dashboard.people.roles import Role

ROLES = {"ops": frozenset({"operator"}), "finance": frozenset({"accounting_approver", "viewer"})}
RULES = GroupRules("groups", "procore_user_id", ROLES, {})
ADA = {"sub": "a-1", "name": "Ada", "groups": ["finance"], "procore_user_id": "160586"}


def holder(rules=RULES, **changes):
    return holder_of({key: value for key, value in (ADA | changes).items() if value is not None}, rules)


def test_groups_become_roles():
    found = holder()
    assert (found.who, found.shown_name, found.procore_user_id) == ("oidc:a-1", "Ada", "160586")
    assert found.roles == {Role.ACCOUNTING_APPROVER, Role.VIEWER}
    assert found.companies is None
    assert holder(groups=["finance", "ops", "other"]).roles == found.roles | {Role.OPERATOR}


@pytest.mark.parametrize("groups", [None, [], "", "other", ["Ops"], [["ops"]], {"ops": 1}, 7, ["operator"], ["ops "]])
def test_nobody_without_a_known_group_gets_in(groups):
    refused = holder(groups=groups)
    assert isinstance(refused, Unusable)
    assert "groups" in refused.why
    assert refused.who == "oidc:a-1"


@pytest.mark.parametrize("subject", [None, "", 7, ["a"], "a" * 191, "a\nb", "a\x00"])
def test_a_subject_that_cannot_be_kept_is_refused(subject):
    assert isinstance(holder(sub=subject), Unusable)


@pytest.mark.parametrize("user", [None, "", "ada", "12x", ["7"], "-7", "٧", True])
def test_only_a_number_is_a_procore_user(user):
    assert holder(procore_user_id=user).procore_user_id is None


def test_a_number_without_quotes_is_a_procore_user():
    assert holder(procore_user_id=160586).procore_user_id == "160586"


@pytest.mark.parametrize(
    ("groups", "companies"),
    [
        (["finance"], {"4001", "4002"}),
        (["finance", "ops"], {"4001", "4002", "4003"}),
        (["finance", "all"], None),
        (["finance", "other"], {"4001", "4002"}),
    ],
)
def test_groups_become_companies_where_any_are_named(groups, companies):
    seen = {
        "finance": frozenset({"4001", "4002"}),
        "ops": frozenset({"4003"}),
        "all": frozenset({"*"}),
    }
    rules = GroupRules("groups", "procore_user_id", ROLES, seen)
    assert holder(rules, groups=groups).companies == companies


def test_a_role_without_companies_sees_none():
    rules = GroupRules("groups", "procore_user_id", ROLES, {"ops": frozenset({"4001"})})
    assert holder(rules).companies == set()


def test_a_claim_may_lie_deeper_or_have_dots_in_its_name():
    rules = GroupRules("realm_access.roles", "https://x.example/user", ROLES, {})
    deep = {"realm_access": {"roles": ["ops"]}, "https://x.example/user": "7"}
    found = holder(rules, **deep)
    assert (found.roles, found.procore_user_id) == ({Role.OPERATOR}, "7")
    assert isinstance(holder(rules, realm_access="ops"), Unusable)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"name": None, "preferred_username": "ada"}, "ada"),
        ({"name": " ", "email": "ada@x.example"}, "ada@x.example"),
        ({"name": ["Ada"]}, "a-1"),
        ({"name": "Ada\nLovelace\x1b"}, "AdaLovelace"),
        ({"name": "A" * 300}, "A" * 200),
    ],
)
def test_a_name_is_found_and_fits_on_a_line(changes, name):
    assert holder(**changes).shown_name == name
