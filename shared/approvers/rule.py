"""Who may export an owner invoice. Pure.

Source: Procore's page 'Export Owner Invoices from Procore to ERP'. 'Standard' or 'Admin' on the company's
ERP Integrations tool AND the 'Can Push to Accounting' privilege. Neither stands in for the other.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from shared.approvers.record import ApproverRecord, ToolLevel


class ApproverProblem(StrEnum):
    """Why a person may not export; in this order when several apply."""

    NOT_RECORDED = "approver_not_recorded"
    INACTIVE = "approver_inactive"
    RECORD_STALE = "approver_record_stale"
    LACKS_TOOL_LEVEL = "approver_lacks_tool_level"
    LACKS_PRIVILEGE = "approver_lacks_privilege"
    MAY_NOT_EXPORT_OWNER_INVOICES = "approver_may_not_export_owner_invoices"


SUFFICIENT_LEVELS = frozenset({ToolLevel.STANDARD, ToolLevel.ADMIN})


def judge(
    user_id: str, record: ApproverRecord | None, now: datetime, max_age: timedelta
) -> tuple[ApproverProblem, ...]:
    """All that keeps this person from exporting, in the enum's order; empty means they may.

    A record of somebody else counts as none. A record is stale once it is older than `max_age`.
    """
    if record is None or record.user_id != user_id:
        return (ApproverProblem.NOT_RECORDED,)
    return tuple(problems(record, now, max_age))


def problems(record: ApproverRecord, now: datetime, max_age: timedelta) -> Iterator[ApproverProblem]:
    """Each condition by itself, so that none can make up for another."""
    if not record.active:
        yield ApproverProblem.INACTIVE
    if now - record.recorded_at > max_age:
        yield ApproverProblem.RECORD_STALE
    if record.erp_integrations_level not in SUFFICIENT_LEVELS:
        yield ApproverProblem.LACKS_TOOL_LEVEL
    if not record.can_push_to_accounting:
        yield ApproverProblem.LACKS_PRIVILEGE
    if record.can_export_owner_invoices is False:
        yield ApproverProblem.MAY_NOT_EXPORT_OWNER_INVOICES
