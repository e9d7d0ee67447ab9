"""Recorded rights as people read them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.ledger_dashboard.presentation.formatting import NOTHING, moment
from shared.approvers.record import ApproverRecord, ToolLevel
from shared.approvers.rule import ApproverProblem

# As Procore writes them.
LEVEL_WORDS: Mapping[ToolLevel, str] = MappingProxyType(
    {
        ToolLevel.NONE: "None",
        ToolLevel.READ_ONLY: "Read Only",
        ToolLevel.STANDARD: "Standard",
        ToolLevel.ADMIN: "Admin",
    }
)
PROBLEM_WORDS: Mapping[ApproverProblem, str] = MappingProxyType(
    {
        ApproverProblem.NOT_RECORDED: "nothing is recorded",
        ApproverProblem.INACTIVE: "inactive in Procore",
        ApproverProblem.RECORD_STALE: "the record is too old",
        ApproverProblem.LACKS_TOOL_LEVEL: "neither 'Standard' nor 'Admin' on ERP Integrations",
        ApproverProblem.LACKS_PRIVILEGE: "lacks 'Can Push to Accounting'",
        ApproverProblem.MAY_NOT_EXPORT_OWNER_INVOICES: "'Can Export?' is off for owner invoices",
    }
)
Difference = tuple[str, str, str]
LOOKED_UP, SOURCE = "Looked up in Procore", "Source"


def answer(*, given: bool | None) -> str:
    """Yes, no, or not recorded."""
    if given is None:
        return "not recorded"
    return "yes" if given else "no"


def rights(record: ApproverRecord) -> dict[str, str]:
    """All that a record says, by label, in the order in which one reads it."""
    return {"Name": record.name or NOTHING, "E-mail": record.email or NOTHING, **rights_used(record.evidence())}


def rights_used(evidence: Mapping[str, Any]) -> dict[str, str]:
    """The copy of a record that an entry of the ledger keeps, by label. It names nobody."""
    return {
        "ERP Integrations": LEVEL_WORDS[ToolLevel(evidence["erp_integrations_level"])],
        "Can Push to Accounting": answer(given=evidence["can_push_to_accounting"]),
        "Can Export? (owner invoices)": answer(given=evidence["can_export_owner_invoices"]),
        "Active": answer(given=evidence["active"]),
        LOOKED_UP: moment(datetime.fromisoformat(evidence["recorded_at"])),
        SOURCE: evidence["source"],
    }


def differences(before: ApproverRecord | None, after: ApproverRecord) -> Iterator[Difference]:
    """What changes: its label, what was, what is. Of a first record, all that it says."""
    was = rights(before) if before else {}
    for label, now in rights(after).items():
        if was.get(label) != now:
            yield label, was.get(label, ""), now


def is_only_younger(changes: Iterable[Difference]) -> bool:
    """Whether it says the same as before, looked up later."""
    return {label for label, _, _ in changes} <= {LOOKED_UP, SOURCE}
