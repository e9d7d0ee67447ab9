"""One company's books: invoices, items and files, in memory."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

from deploy.sandbox.faulty.desk import Desk
from deploy.sandbox.quickbooks_online import shown, wire
from deploy.sandbox.quickbooks_online.refusals import RefusedError
from deploy.sandbox.quickbooks_online.rules import CompanyRules, ItemEntry
from deploy.sandbox.quickbooks_online.tokens import TokenDesk
from deploy.sandbox.quickbooks_online.vendor import CompanyVendor

MINUTE = timedelta(minutes=1).total_seconds()
Entity = dict[str, Any]


@dataclass
class Made:
    """An invoice that was made here: as it stands, or as it stood when it was deleted."""

    invoice: Entity
    is_deleted: bool = False


@dataclass
class Company:
    """One company. Nothing here waits, so each operation is atomic within the process's one event loop."""

    realm: str
    rules: CompanyRules
    made: dict[str, Made] = field(default_factory=dict)
    new_items: dict[str, ItemEntry] = field(default_factory=dict)
    attachables: list[Entity] = field(default_factory=list)
    answered: dict[str, Entity] = field(default_factory=dict)
    tokens: TokenDesk = field(default_factory=TokenDesk)
    lately: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.desk = Desk(CompanyVendor(self))

    @property
    def items(self) -> dict[str, ItemEntry]:
        """Those of the rules, and those that were made since."""
        return {**self.rules.items, **self.new_items}

    def is_limited(self) -> bool:
        """Whether one more request is too much for this minute; counts it if not."""
        now, most = monotonic(), self.rules.requests_per_minute
        while self.lately and self.lately[0] <= now - MINUTE:
            self.lately.popleft()
        if most is not None and len(self.lately) >= most:
            return True
        self.lately.append(now)
        return False

    def create(self, written: wire.Invoice, request_id: str | None) -> Entity:
        """An invoice, posted. A request id that was seen answers what it answered then, whatever happened since."""
        if request_id and request_id in self.answered:
            return self.answered[request_id]
        self.check(written)
        made = shown.invoice(str(len(self.made) + 101), written, self)
        self.made[made["Id"]] = Made(made)
        if request_id:
            self.answered[request_id] = made
        return made

    def check(self, written: wire.Invoice) -> None:
        """Everything that QuickBooks refuses."""
        self.refer("Customer", written.customer_ref.value, self.rules.customers)
        for line in written.line:
            self.refer("Item", line.sales_item_line_detail.item_ref.value, self.items)
            tax = line.sales_item_line_detail.tax_code_ref
            self.refer("TaxCode", tax.value if tax else "NON", self.rules.tax_codes)
        if written.txn_tax_detail and written.txn_tax_detail.txn_tax_code_ref:
            self.refer("TaxCode", written.txn_tax_detail.txn_tax_code_ref.value, self.rules.tax_codes)
        if written.currency_ref and written.currency_ref.value not in self.rules.currencies:
            raise RefusedError("6000/currency", "", "CurrencyRef")
        if written.total < 0:
            raise RefusedError("6000", "Business Validation Error: Transaction amount must be 0 or greater.")
        closed = self.rules.closed_until
        if closed is not None and written.txn_date <= closed:
            raise RefusedError("6210", "The account period has closed and the account books cannot be updated.")
        numbers = {made.invoice["DocNumber"] for made in self.made.values() if not made.is_deleted}
        if self.rules.refuses_duplicates and written.doc_number in numbers:
            raise RefusedError("6140", f"DocNumber={written.doc_number} is assigned to TxnType=Invoice")

    def refer(self, kind: str, name: str, entries: Mapping[str, Any]) -> None:
        """Somebody who is there and active."""
        if name not in entries:
            raise RefusedError("2500", f"Invalid Reference Id : {kind} id {name} not found")
        if not getattr(entries[name], "active", True):
            raise RefusedError("610", "Something you're trying to use has been made inactive.", f"{kind}Ref")

    def invoice(self, name: str) -> Entity:
        """As it stands. Raises RefusedError."""
        if not name.isdigit():
            raise RefusedError("2030", f"Invalid ID : {name}")
        made = self.made.get(name)
        if made is None or made.is_deleted:
            raise RefusedError("610", "Object Not Found : Something you're trying to use has been made inactive.")
        return made.invoice

    def void(self, name: str) -> Entity:
        """A bookkeeper voids: the invoice stays, and everything in it is empty."""
        return self.put(shown.voided(self.invoice(name)))

    def duplicate(self, name: str) -> Entity:
        """A bookkeeper makes another one like it."""
        made = self.invoice(name) | {"Id": str(len(self.made) + 101), "SyncToken": "0"}
        self.made[made["Id"]] = Made(made)
        return made

    def delete(self, name: str) -> None:
        """A bookkeeper deletes, posted or not."""
        self.invoice(name)
        self.made[name].is_deleted = True

    def edit(self, name: str, changes: Mapping[str, Any]) -> Entity:
        """A bookkeeper changes it by hand; `tax` is the tax's new amount."""
        changes = dict(changes)
        changed = self.invoice(name) | {key: changes[key] for key in changes if key != "tax"}
        if "tax" in changes:
            changed |= shown.totals(changed["Line"], Decimal(changes["tax"]))
        return self.put(shown.newer(changed))

    def put(self, invoice: Entity) -> Entity:
        """The next version."""
        self.made[invoice["Id"]].invoice = invoice
        return invoice

    def add_item(self, written: wire.Item) -> Entity:
        """A product or service. Names are unique."""
        if any(item.name.casefold() == written.name.casefold() for item in self.items.values()):
            raise RefusedError("6240", f"The name supplied already exists. : {written.name}", "Name")
        self.refer("Account", written.income_account_ref.value, self.rules.accounts)
        name = str(max(map(int, self.items), default=0) + 1)
        self.new_items[name] = ItemEntry(name=written.name, account=written.income_account_ref.value, type=written.type)
        return shown.item(name, self.new_items[name], self)

    def attach(self, written: wire.Attachable, size: int) -> Entity:
        """A file; the same name twice is taken twice."""
        self.invoice(written.attachable_ref[0].entity_ref.value)
        attached = shown.attachable(str(len(self.attachables) + 5001), written, size)
        self.attachables.append(attached)
        return attached

    def rows(self, table: str) -> list[Entity]:
        """What a query can see."""
        rules = self.rules
        if table == "Invoice":
            return [made.invoice for made in self.made.values() if not made.is_deleted]
        if table == "Attachable":
            return self.attachables
        if table == "Customer":
            return [shown.customer(name, entry, rules) for name, entry in rules.customers.items()]
        if table == "Item":
            return [shown.item(name, entry, self) for name, entry in self.items.items()]
        if table == "Account":
            return [shown.account(name, entry) for name, entry in rules.accounts.items()]
        return [shown.tax_code(name, text) for name, text in rules.tax_codes.items()]
