"""What lacks a mapping, in one sentence that people read, and that can be read back to map it. Pure."""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import assert_never

from shared.connections.mappings import ANY_OTHER, MappingKind, Mappings

NO_CODE = "none"


@dataclass(frozen=True)
class Missing:
    """What nothing stands for yet. `procore_id` is `*` where only the one for all others can serve."""

    kind: MappingKind
    procore_id: str | None = None
    procore_name: str = ""


def customer_missing(owner: str) -> str:
    """The owner as the invoice names it."""
    return f"the owner {owner!r} has no customer in the ERP"


def job_missing(project_id: str) -> str:
    """By Procore's project id."""
    return f"project {project_id} has no job in the ERP"


def code_missing(code: str | None, kind: MappingKind) -> str:
    """Of a cost code, or of the lines without one."""
    return f"cost code {code or NO_CODE} has no {kind} in the ERP"


def tax_missing() -> str:
    """An owner invoice names no tax code."""
    return "tax has no tax code in the ERP"


def retainage_missing() -> str:
    """A connection has one account for it, or none."""
    return "retainage has no account in the ERP"


def stands_now(missing: Missing, mappings: Mappings) -> str | None:
    """The ERP id that serves it by now; None while nothing does."""
    code = None if missing.procore_id == ANY_OTHER else missing.procore_id
    match missing.kind:
        case MappingKind.CUSTOMER:
            return mappings.customer(missing.procore_name)
        case MappingKind.JOB:
            return mappings.job(missing.procore_id or "", None)
        case MappingKind.ACCOUNT:
            return mappings.account(code)
        case MappingKind.ITEM:
            return mappings.item(code)
        case MappingKind.TAX:
            return mappings.tax(code)
        case MappingKind.RETAINAGE_ACCOUNT:
            return mappings.retainage_account()
        case _:
            assert_never(missing.kind)


def read_missing(sentence: str) -> Missing | None:
    """What one of the sentences above speaks of; None for any other, such as an ERP's own words."""
    for pattern, read in SENTENCES.items():
        if found := pattern.fullmatch(sentence):
            return read(found)
    return None


def _customer(found: re.Match[str]) -> Missing | None:
    try:
        owner = ast.literal_eval(found["owner"])
    except (ValueError, SyntaxError):
        return None
    return Missing(MappingKind.CUSTOMER, procore_name=owner) if isinstance(owner, str) else None


def _code(found: re.Match[str]) -> Missing:
    code = found["code"]
    return Missing(MappingKind(found["kind"]), ANY_OTHER if code == NO_CODE else code)


SENTENCES: Mapping[re.Pattern[str], Callable[[re.Match[str]], Missing | None]] = MappingProxyType(
    {
        re.compile(r"the owner (?P<owner>['\"].*['\"]) has no customer in the ERP", re.DOTALL): _customer,
        re.compile(r"project (?P<project>\S+) has no job in the ERP"): (
            lambda found: Missing(MappingKind.JOB, found["project"])
        ),
        re.compile(r"cost code (?P<code>.+) has no (?P<kind>account|item) in the ERP", re.DOTALL): _code,
        re.compile(re.escape(tax_missing())): lambda _: Missing(MappingKind.TAX, ANY_OTHER),
        re.compile(re.escape(retainage_missing())): lambda _: Missing(MappingKind.RETAINAGE_ACCOUNT),
    }
)
