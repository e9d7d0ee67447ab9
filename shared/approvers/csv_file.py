"""Reads the Approvers CSV: who has which rights, as an administrator took them from Procore. Pure."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial

from shared.approvers.record import ApproverRecord, ToolLevel
from shared.connections.csv_table import CsvResult, Row, read_csv

REQUIRED = ("company_id", "user_id", "erp_integrations_level", "can_push_to_accounting")
COLUMNS = (
    "company_id",
    "user_id",
    "name",
    "email",
    "erp_integrations_level",
    "can_push_to_accounting",
    "can_export_owner_invoices",
    "active",
    "recorded_at",
    "source",
)
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
PROCORE_ID = re.compile(r"[0-9]{1,40}")


def read_approvers(
    content: bytes, *, now: datetime, recorded_by: str, companies: Collection[str] | None = None
) -> CsvResult[ApproverRecord]:
    """The records of an Approvers CSV, or every problem in it. `now` is aware UTC.

    `companies` are those that whoever imports may record for; None: all.
    Only the company, the user, the tool level and the privilege must be given. An empty
    `can_export_owner_invoices` means not recorded, an empty `active` true, an empty `recorded_at` now.
    """
    return read_csv(
        content,
        known=COLUMNS,
        required=REQUIRED,
        parse=partial(approver, now=now, recorded_by=recorded_by, companies=companies),
        identity=lambda record: (record.company_id, record.user_id),
    )


def approver(row: Row, now: datetime, recorded_by: str, companies: Collection[str] | None = None) -> ApproverRecord:
    return ApproverRecord(
        company_id=row.require("company_id", partial(company, companies=companies), ""),
        user_id=row.require("user_id", procore_id, ""),
        name=row.text("name"),
        email=row.text("email"),
        erp_integrations_level=row.require("erp_integrations_level", ToolLevel.parse, ToolLevel.NONE),
        can_push_to_accounting=row.require("can_push_to_accounting", truth, placeholder=False),
        can_export_owner_invoices=row.read("can_export_owner_invoices", truth, default=None),
        active=row.read("active", truth, default=True),
        recorded_at=row.read("recorded_at", partial(moment, now=now), now),
        recorded_by=recorded_by,
        source=row.read("source", origin, "csv"),
    )


def company(text: str, companies: Collection[str] | None) -> str:
    found = procore_id(text)
    if companies is not None and found not in companies:
        raise ValueError("is no company that you may record for")
    return found


def procore_id(text: str) -> str:
    """Digits only, without leading zeros: a spreadsheet's 1.2E+11 would name nobody."""
    digits = text.lstrip("0")
    if not PROCORE_ID.fullmatch(digits):
        raise ValueError("a Procore id is a whole number, such as 160586")
    return digits


def truth(text: str) -> bool:
    value = TRUTH.get(text.casefold())
    if value is None:
        raise ValueError("write true or false (yes, no, 1 and 0 are understood too)")
    return value


def moment(text: str, now: datetime) -> datetime:
    """ISO 8601; without an offset it is UTC."""
    try:
        read = datetime.fromisoformat(text)
        utc = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("write an ISO date or time, such as 2026-03-31 or 2026-03-31T17:00:00Z") from None
    if utc > now:
        raise ValueError("lies in the future")
    return utc


def origin(text: str) -> str:
    if "@" in text:
        raise ValueError("goes into the ledger, so name a document or a system, not a person")
    return text
