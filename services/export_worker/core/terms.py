"""What a company agreed on for one connection, as far as deciding needs it."""

from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Literal, Protocol

from shared.connections.mappings import MappingKind


@dataclass(frozen=True, kw_only=True)
class Terms:
    """One connection. `start_from` None: every invoice counts; dates are in `time_zone`.

    `payment_days` None leaves the due date to the ERP; `number_rule` makes a number where Procore's does not serve.
    """

    connection: str
    company_id: str
    mode: Literal["live", "rehearse", "paused"] = "live"
    accounting_date: Literal["billing_date", "approval_date", "today", "first_open_day"] = "billing_date"
    time_zone: tzinfo = UTC
    start_from: date | None = None
    lines: Literal["g703", "cost_code", "summary"] = "g703"
    payment_days: int | None = None
    number_rule: str | None = None
    procore_web_url: str = "https://app.procore.com"

    def reference_key(self, payment_application_id: str) -> str:
        """The part of the reference that never changes."""
        return f"{self.connection}:{self.company_id}:{payment_application_id}"


class MappingLookup(Protocol):
    """What Procore's names and ids are called in the ERP. None: not mapped."""

    @property
    def version(self) -> str:
        """Changes exactly when a mapping changes."""

    def customer(self, name_or_id: str) -> str | None:
        """The ERP's customer for the owner."""

    def is_default(self, kind: MappingKind, *texts: str) -> bool:
        """Whether what is mapped is only the one given for all others."""

    def job(self, project_id: str, contract_id: str) -> str | None:
        """The ERP's job for the project, or for the prime contract where that is mapped."""

    def account(self, cost_code: str) -> str | None:
        """The ERP's revenue account for a cost code."""

    def item(self, cost_code: str) -> str | None:
        """The ERP's item or service for a cost code."""

    def tax(self, tax_code: str | None) -> str | None:
        """The ERP's tax code."""

    def retainage_account(self) -> str | None:
        """The ERP's account for retainage receivable."""
