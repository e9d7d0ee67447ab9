"""One site: its documents in memory. Nothing here waits, so each operation is atomic, as a transaction is."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import count
from pathlib import PurePath
from typing import Any

from deploy.sandbox.erpnext.doctypes import EVERY, FIELDS, SALES_INVOICE
from deploy.sandbox.erpnext.errors import FrappeError
from deploy.sandbox.erpnext.queries import listed
from deploy.sandbox.erpnext.rules import SiteRules, first_records
from deploy.sandbox.erpnext.values import cleaned
from deploy.sandbox.erpnext.vendor import SiteVendor
from deploy.sandbox.faulty.desk import Desk

Record = dict[str, Any]


class Site:
    """One site. Raises FrappeError whenever ERPNext would say no; then nothing has changed."""

    def __init__(self, name: str, rules: SiteRules) -> None:
        self.name = name
        self.rules = rules
        self.desk = Desk(SiteVendor(self))
        self.records: dict[str, dict[str, Record]] = {}
        self.series = count(1)
        self.hashes = count(1)
        self.changes = count(1)
        for doctype, records in first_records().items():
            self.records[doctype] = {}
            for one, values in records.items():
                self.store(doctype, one, dict(values))

    @property
    def today(self) -> date:
        """The site's own today, when it was set."""
        return self.rules.today or datetime.now(UTC).date()

    def custom(self, doctype: str) -> dict[str, str]:
        """Fields that were added to a document type, with their types."""
        return {one["fieldname"]: one["fieldtype"] for one in self.of("Custom Field") if one["dt"] == doctype}

    def of(self, doctype: str) -> list[Record]:
        """All documents of a type. Raises for a type that there is not."""
        if doctype not in self.records:
            raise FrappeError("DoesNotExistError", f"DocType {doctype} not found")
        return list(self.records[doctype].values())

    def get(self, doctype: str, name: str) -> Record:
        """One document."""
        self.of(doctype)
        if name not in self.records[doctype]:
            raise FrappeError("DoesNotExistError", f"{doctype} {name} not found")
        return self.records[doctype][name]

    def listed(self, doctype: str, asked: Mapping[str, str]) -> list[Record]:
        """See queries."""
        fields = [name for name, kind in FIELDS[doctype].items() if not kind.startswith("Table:")]
        return listed(doctype, self.of(doctype), [*EVERY, *fields, *self.custom(doctype)], asked)

    def allow(self, doctype: str, right: str) -> None:
        """Raises where the user may not."""
        if not self.may(doctype, right):
            raise FrappeError("PermissionError", f"No permission for {doctype}")

    def may(self, doctype: str, right: str) -> bool:
        """Whether the user may do this with such documents."""
        return not {doctype, f"{doctype}:{right}"} & self.rules.denied

    def insert(self, doctype: str, data: Mapping[str, Any]) -> Record:
        """A new document of a plain type."""
        self.of(doctype)
        record = cleaned(doctype, data, self.custom(doctype))
        if doctype == "File":
            return self.attach(record, data)
        self.check_links(doctype, record)
        name = self.name_of(doctype, record, data)
        if name in self.records[doctype]:
            raise FrappeError("DuplicateEntryError", f"{doctype} {name} already exists")
        return self.store(doctype, name, record)

    def name_of(self, doctype: str, record: Record, data: Mapping[str, Any]) -> str:
        """As the type's own rule names it; raises where what it needs is missing."""
        if doctype == "Custom Field":
            return f"{record['dt']}-{record['fieldname']}"
        if doctype == "Account":
            parent = self.get("Account", record.get("parent_account") or "")
            record.setdefault("root_type", parent["root_type"])
            record.setdefault("account_currency", "USD")
            parts = (record.get("account_number"), record["account_name"], self.abbr(record["company"]))
            return " - ".join(part for part in parts if part)
        if not data.get("name"):
            raise FrappeError("ValidationError", "Name is required")
        return str(data["name"])

    def abbr(self, company: str) -> str:
        """A company's letters, which end the names of its accounts."""
        return str(self.get("Company", company)["abbr"])

    def attach(self, record: Record, data: Mapping[str, Any]) -> Record:
        """A file. A name that is taken by other content gets the end of its hash."""
        content = base64.b64decode(data.get("content") or "")
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        name = PurePath(str(record["file_name"]))
        others = [one for one in self.of("File") if one["file_name"] == str(name)]
        if any(one["content_hash"] != digest for one in others):
            name = name.with_stem(f"{name.stem}{digest[-6:]}")
        made = record | {"file_name": str(name), "content_hash": digest}
        return self.store("File", f"{next(self.hashes):010x}", made)

    def check_links(self, doctype: str, record: Mapping[str, Any], row: str = "") -> None:
        """Every document that is named has to be there."""
        for field, kind in FIELDS[doctype].items():
            value, target = record.get(field), kind.removeprefix("Link:")
            if kind.startswith("Link:") and value and value not in self.records[target]:
                told = f"Could not find {row}{field.replace('_', ' ').title()}: {value}"
                raise FrappeError("LinkValidationError", told)

    def check_unique(self, record: Mapping[str, Any], name: str) -> None:
        """A unique field's value stands once, in cancelled invoices too."""
        unique = [one["fieldname"] for one in self.of("Custom Field") if one["dt"] == SALES_INVOICE and one["unique"]]
        for field in unique:
            value = str(record.get(field) or "").casefold()
            others = (one for one in self.of(SALES_INVOICE) if one["name"] != name)
            if value and any(str(one.get(field) or "").casefold() == value for one in others):
                raise FrappeError("UniqueValidationError", f"{SALES_INVOICE}: {field} must be unique")

    def store(self, doctype: str, name: str, record: Record) -> Record:
        """Write it, with a new time of change."""
        # Frappe's times have six digits after the second; two changes never share one.
        stamp = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}.{next(self.changes):06d}"
        stored = {"docstatus": 0, "creation": stamp, **record, "name": name, "modified": stamp}
        self.records[doctype][name] = stored
        return stored

    def drop(self, doctype: str, name: str) -> None:
        """Delete a draft, or anything that cannot be submitted."""
        if self.get(doctype, name)["docstatus"] == 1:
            raise FrappeError("ValidationError", f"{doctype} {name}: Submitted Record cannot be deleted")
        del self.records[doctype][name]
