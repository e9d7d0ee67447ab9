"""Whom an identity provider's claims stand for, by the groups that the settings name. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.ledger_dashboard.people.person import PROVIDER, Holder
from services.ledger_dashboard.people.roles import known_roles

EVERY_COMPANY = "*"
LONGEST_SUBJECT = 190
LONGEST_NAME = 200
NAMES = ("name", "preferred_username", "email")


@dataclass(frozen=True, slots=True)
class GroupRules:
    """What each group is worth. Without `companies` everybody sees all."""

    groups_claim: str
    procore_user_claim: str
    roles: Mapping[str, frozenset[str]]
    companies: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Unusable:
    """Claims that let nobody in; `why` is a sentence for the person, `who` the subject where there is one."""

    why: str
    who: str = ""


def holder_of(claims: Mapping[str, Any], rules: GroupRules) -> Holder | Unusable:
    """Who this is and what they may, as of now."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isprintable() or not 1 <= len(subject) <= LONGEST_SUBJECT:
        return Unusable("The identity provider did not say who you are in a form that can be kept.")
    groups = words_in(claim(claims, rules.groups_claim))
    roles = known_roles(word for group in groups for word in rules.roles.get(group, ()))
    if not roles:
        why = "None of your groups at the identity provider has a role here. Ask whoever administers it."
        return Unusable(why, f"{PROVIDER}{subject}")
    user = str(claim(claims, rules.procore_user_claim))
    return Holder(
        who=f"{PROVIDER}{subject}",
        shown_name=shown_name(claims, subject),
        roles=roles,
        companies=companies_of(groups, rules.companies),
        procore_user_id=user if user.isascii() and user.isdecimal() else None,
    )


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """By its name; else, where that has dots, by the way into the claim: realm_access.roles."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def words_in(value: Any) -> frozenset[str]:
    """A list's words, or the one word."""
    values = value if isinstance(value, list) else [value]
    return frozenset(word for word in values if isinstance(word, str))


def companies_of(groups: frozenset[str], companies: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    """None: all of them."""
    if not companies:
        return None
    seen = frozenset(company for group in groups for company in companies.get(group, ()))
    return None if EVERY_COMPANY in seen else seen


def shown_name(claims: Mapping[str, Any], subject: str) -> str:
    """What colleagues call this person, on one line."""
    named = (claims.get(name) for name in NAMES)
    text = next((name for name in named if isinstance(name, str) and name.strip()), subject)
    return "".join(letter for letter in text.strip() if letter.isprintable())[:LONGEST_NAME]
