"""Which customer, job and account of the ERP stands for what in Procore. Pure: `mapping_store` loads it."""

import hashlib
import json
import unicodedata
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class MappingKind(StrEnum):
    """What is mapped. One connection has one retainage account; the others are found by id or name."""

    CUSTOMER = "customer"
    JOB = "job"
    ACCOUNT = "account"
    ITEM = "item"
    TAX = "tax"
    RETAINAGE_ACCOUNT = "retainage_account"


CONTRACT_PREFIX = "contract:"
ANY_OTHER = "*"


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """One line. `procore_id` wins over `procore_name`, which then only helps people and look-ups by name.

    A job's `procore_id` is the project's id, or `contract:` and the prime contract's id where one project
    has several jobs (Procore numbers projects and contracts separately, so bare ids could collide).
    `*` stands for whatever has no mapping of its own: a company may want that for small jobs, or one test customer.
    """

    kind: MappingKind
    erp_id: str
    procore_id: str | None = None
    procore_name: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        """Two mappings of one connection and kind with the same key are the same mapping."""
        if self.kind is MappingKind.RETAINAGE_ACCOUNT:
            return "only"
        return f"id:{self.procore_id}" if self.procore_id else f"name:{comparable(self.procore_name)}"


@dataclass(frozen=True)
class MappingRow:
    """A mapping and the name of the connection that it belongs to."""

    connection: str
    mapping: Mapping


@dataclass(frozen=True)
class Mappings:
    """All mappings of one connection. A look-up answers the ERP's id, or None where nothing is mapped.

    Two mappings that share a name but not an ERP id answer None by that name: it is never guessed.
    """

    entries: tuple[Mapping, ...] = ()

    def customer(self, name_or_id: str) -> str | None:
        """By Procore's id of the owner first, then by the name; `*` serves all others."""
        return self.find_or_any(MappingKind.CUSTOMER, name_or_id)

    def job(self, project_id: str, contract_id: str | None) -> str | None:
        """The prime contract's own job if it has one, else the project's; `*` serves all others."""
        by_contract = self.find(MappingKind.JOB, CONTRACT_PREFIX + contract_id) if contract_id else None
        return by_contract or self.find_or_any(MappingKind.JOB, project_id)

    def is_default(self, kind: MappingKind, *texts: str) -> bool:
        """Whether only `*` answers for these ids or names."""
        return not any(self.find(kind, text) for text in texts) and self.find(kind, ANY_OTHER) is not None

    def account(self, cost_code: str | None) -> str | None:
        """The revenue account of a cost code; `*` serves all others, and lines without a code."""
        return self.find_or_any(MappingKind.ACCOUNT, cost_code)

    def item(self, cost_code: str | None) -> str | None:
        """The ERP's item or service of a cost code; `*` serves all others, and lines without a code."""
        return self.find_or_any(MappingKind.ITEM, cost_code)

    def tax(self, tax_code: str | None) -> str | None:
        """The ERP's tax code; `*` serves all others, and invoices without one."""
        return self.find_or_any(MappingKind.TAX, tax_code)

    def retainage_account(self) -> str | None:
        """The account that retainage receivable is posted to."""
        found = [entry.erp_id for entry in self.entries if entry.kind is MappingKind.RETAINAGE_ACCOUNT]
        return found[0] if len(found) == 1 else None

    def find_or_any(self, kind: MappingKind, text: str | None) -> str | None:
        """As `find`, and failing that the one that was expressly given for all others."""
        return (self.find(kind, text) if text else None) or self.find(kind, ANY_OTHER)

    def find(self, kind: MappingKind, text: str) -> str | None:
        """By id exactly, else by name without regard to case, blanks or Unicode form."""
        by_id = self.by_id.get((kind, text.strip()))
        return by_id or self.by_name.get((kind, comparable(text)))

    @cached_property
    def version(self) -> str:
        """SHA-256 (hex) of all that a look-up can see; the order of entries and the notes do not matter."""
        content = sorted(
            [entry.kind, entry.key, comparable(entry.procore_name), entry.erp_id] for entry in self.entries
        )
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @cached_property
    def by_id(self) -> MappingOf[tuple[MappingKind, str], str]:
        return {(entry.kind, entry.procore_id): entry.erp_id for entry in self.entries if entry.procore_id}

    @cached_property
    def by_name(self) -> MappingOf[tuple[MappingKind, str], str | None]:
        answers: dict[tuple[MappingKind, str], str | None] = {}
        for entry in self.entries:
            if name := comparable(entry.procore_name):
                same = answers.setdefault((entry.kind, name), entry.erp_id)
                answers[entry.kind, name] = entry.erp_id if same == entry.erp_id else None
        return answers


def comparable(name: str) -> str:
    """A name as it is compared: case folded, Unicode composed, runs of blanks as one space."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
