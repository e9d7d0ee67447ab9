# SPDX-License-Identifier: GPL-3.0-or-later
"""Invoices that carry the key of another system's document, and lines that hold retainage."""

from trytond.model import Unique, fields
from trytond.pool import PoolMeta
from trytond.pyson import Eval


class Invoice(metaclass=PoolMeta):
    __name__ = "account.invoice"

    external_key = fields.Char(
        "External Key",
        states={"readonly": Eval("state") != "draft"},
        help="The document in the system that this invoice comes from. No two invoices carry the same, "
        "unless one of them is cancelled.",
    )
    # What the database keeps unique: as the key, but empty once the invoice is cancelled.
    external_key_taken = fields.Char("External Key Taken", readonly=True)

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_constraints.append(
            (
                "external_key_taken_unique",
                Unique(table, table.company, table.external_key_taken),
                "owner_invoice_retainage.msg_external_key_taken",
            )
        )
        # Cancelling writes it into an invoice that may no longer be changed.
        cls._check_modify_exclude |= {"external_key_taken"}

    def compute_fields(self, field_names=None):
        values = super().compute_fields(field_names=field_names)
        if field_names is None or {"external_key", "state"} & set(field_names):
            taken = None if self.state == "cancelled" else self.external_key or None
            if getattr(self, "external_key_taken", None) != taken:
                values["external_key_taken"] = taken
        return values

    @classmethod
    def copy(cls, invoices, default=None):
        emptied = {"external_key": None, "external_key_taken": None}
        return super().copy(invoices, default=emptied | (default or {}))


class InvoiceLine(metaclass=PoolMeta):
    __name__ = "account.invoice.line"

    @classmethod
    def _account_domain(cls, type_):
        domain = super()._account_domain(type_)
        return [*domain, ("type.retainage", "=", True)] if type_ == "out" else domain
