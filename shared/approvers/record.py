"""What is recorded of one person's rights in Procore's ERP Integrations tool. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self


class ToolLevel(StrEnum):
    """A person's permission on the company's ERP Integrations tool, in Procore's four steps."""

    NONE = "none"
    READ_ONLY = "read_only"
    STANDARD = "standard"
    ADMIN = "admin"

    @classmethod
    def parse(cls, word: str) -> Self:
        """Reads 'Read Only', 'read-only', 'STANDARD ' and the like. Raises ValueError on any other word."""
        letters = SEPARATORS.sub("", word.casefold())
        for level in cls:
            if letters == level.value.replace("_", ""):
                return level
        raise ValueError(f"the tool level is one of {', '.join(cls)}")


SEPARATORS = re.compile(r"[\s_\-\u2010-\u2014]+")


@dataclass(frozen=True, kw_only=True)
class ApproverRecord:
    """One person in one company; ids are Procore's, as text.

    `can_export_owner_invoices` None means that Procore's 'Can Export?' table was not recorded.
    `recorded_at` is when the rights were looked up in Procore, aware UTC. `source` says where they were
    read ("csv", "manual", "procore_api", the name of a report) and names no person, since it is evidence.
    Name and e-mail are personal data: shown to people, never part of a ledger entry.
    Raises ValueError when `recorded_at` is not in UTC or `source` holds an e-mail address.
    """

    company_id: str
    user_id: str
    name: str
    email: str
    erp_integrations_level: ToolLevel
    can_push_to_accounting: bool
    can_export_owner_invoices: bool | None
    active: bool
    recorded_at: datetime
    recorded_by: str
    source: str

    def __post_init__(self) -> None:
        if self.recorded_at.utcoffset() != timedelta(0):
            raise ValueError("recorded_at must be an aware time in UTC")
        if "@" in self.source:
            raise ValueError("source goes into the ledger and may not hold an e-mail address")

    def evidence(self) -> dict[str, str | bool | None]:
        """The rights as JSON-able values for the ledger, with date and source, naming the person by id only.

        `recorded_by` stays behind too, as an account's name may be an e-mail address; the store keeps it.
        """
        return {
            "company_id": self.company_id,
            "user_id": self.user_id,
            "erp_integrations_level": self.erp_integrations_level.value,
            "can_push_to_accounting": self.can_push_to_accounting,
            "can_export_owner_invoices": self.can_export_owner_invoices,
            "active": self.active,
            "recorded_at": self.recorded_at.isoformat(),
            "source": self.source,
        }
