"""Everything the sandbox knows, as plain dataclasses: the account's nouns, its webhooks and its memory."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from deploy.sandbox.procore.amounts import LineWork, Statement
from deploy.sandbox.procore.errors import invalid
from deploy.sandbox.procore.hooks import Delivery, Event, Hook, HookQueue, Trigger

Status = Literal["draft", "under_review", "revise_and_resubmit", "approved"]
ChangeKind = Literal["created", "status", "edited", "overridden", "deleted"]
ToolLevel = Literal["none", "read_only", "standard", "admin"]


@dataclass(kw_only=True)
class Company:
    id: int
    name: str
    is_active: bool = True


@dataclass(kw_only=True)
class Project:
    id: int
    company_id: int
    name: str
    number: str
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(kw_only=True)
class PermissionTemplate:
    """`levels` maps a tool ("erp_integrations", "directory", ...) to its level."""

    id: int
    company_id: int
    name: str
    type: str
    levels: dict[str, ToolLevel]


@dataclass(kw_only=True)
class User:
    id: int
    company_id: int
    name: str
    email: str
    is_active: bool
    is_employee: bool
    erp_integrated_accountant: bool
    permission_template_id: int | None


@dataclass(kw_only=True)
class ServiceAccount:
    """A developer-managed service account; `permitted_project_ids` None means every project."""

    client_id: str
    client_secret: str = field(repr=False)
    user_id: int
    application_id: int
    company_ids: set[int] | None = None
    permitted_project_ids: set[int] | None = None
    denied_status: Literal[403, 404] = 403
    tool_levels: dict[str, ToolLevel] = field(default_factory=dict)


@dataclass(kw_only=True)
class ContractLine:
    id: int
    description: str
    cost_code: str | None
    is_change_order: bool
    scheduled_value: Decimal


@dataclass(kw_only=True)
class PrimeContract:
    id: int
    project_id: int
    number: str
    title: str
    status: str
    client_id: int
    client_name: str
    retainage_percent: Decimal
    currency: str
    base_currency: str
    exchange_rate: str
    origin_id: str | None
    created_at: datetime
    updated_at: datetime
    lines: list[ContractLine] = field(default_factory=list)
    invoice_ids: list[int] = field(default_factory=list)


@dataclass(kw_only=True)
class BillingPeriod:
    id: int
    project_id: int
    start_date: date
    end_date: date
    due_date: date
    status: Literal["open", "closed"] = "open"


@dataclass(kw_only=True)
class Attachment:
    id: int
    filename: str
    content_type: str
    content: bytes


@dataclass(kw_only=True)
class OwnerInvoice:
    """Procore's payment application. `overrides` and `removed` bend what is served, not what is true."""

    id: int
    contract_id: int
    project_id: int
    number: int
    invoice_number: str | None
    status: Status
    billing_date: date | None
    period_id: int
    work_retainage_percent: Decimal
    stored_retainage_percent: Decimal
    tax: Decimal
    total_amount_paid: Decimal
    created_at: datetime
    updated_at: datetime
    works: list[LineWork]
    statement: Statement
    description_overrides: dict[int, str] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    origin_id: str | None = None
    origin_data: str | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Change:
    """One line of the oracle: who did what to which invoice, and when."""

    invoice_id: int
    project_id: int
    kind: ChangeKind
    status_before: Status | None
    status_after: Status | None
    user_id: int | None
    by_api: bool
    at: datetime
    event_id: int | None = None


@dataclass(kw_only=True)
class World:
    companies: dict[int, Company] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    templates: dict[int, PermissionTemplate] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    accounts: dict[str, ServiceAccount] = field(default_factory=dict)
    contracts: dict[int, PrimeContract] = field(default_factory=dict)
    periods: dict[int, BillingPeriod] = field(default_factory=dict)
    invoices: dict[int, OwnerInvoice] = field(default_factory=dict)
    hooks: dict[int, Hook] = field(default_factory=dict)
    triggers: dict[int, Trigger] = field(default_factory=dict)
    queues: dict[int, HookQueue] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    last_ids: dict[str, int] = field(default_factory=dict)

    def take_id(self, kind: str) -> int:
        self.last_ids[kind] = self.last_ids.get(kind, FIRST_IDS[kind]) + 1
        return self.last_ids[kind]

    def claim_id(self, kind: str, wanted: int | None, taken: Container[int]) -> int:
        """The id a person asked for, else the next one. Raises 422 when it is taken."""
        if wanted is None:
            return self.take_id(kind)
        if wanted in taken:
            raise invalid("id", "has already been taken")
        self.last_ids[kind] = max(wanted, self.last_ids.get(kind, FIRST_IDS[kind]))
        return wanted

    def users_of(self, company_id: int) -> list[User]:
        return [user for user in self.users.values() if user.company_id == company_id]

    def invoices_of(self, contract: PrimeContract) -> list[OwnerInvoice]:
        return [self.invoices[id_] for id_ in contract.invoice_ids]

    def is_last(self, invoice: OwnerInvoice) -> bool:
        siblings = self.invoices_of(self.contracts[invoice.contract_id])
        return invoice.number == max(sibling.number for sibling in siblings)

    def contract_line(self, invoice: OwnerInvoice, line_id: int) -> ContractLine:
        lines = self.contracts[invoice.contract_id].lines
        return next(line for line in lines if line.id == line_id)

    def triggers_of(self, hook_id: int) -> Iterator[Trigger]:
        return (trigger for trigger in self.triggers.values() if trigger.hook_id == hook_id)


FIRST_IDS = {
    "company": 414,
    "project": 6020,
    "template": 700,
    "user": 31200,
    "client": 5200,
    "contract": 88119,
    "line": 440000,
    "period": 5500,
    "invoice": 7_700_000,
    "attachment": 610_000,
    "hook": 1200,
    "trigger": 3400,
    "event": 904_410_000,
    "delivery": 81_000_000,
    "account": 900_000,
    "fault": 0,
}
