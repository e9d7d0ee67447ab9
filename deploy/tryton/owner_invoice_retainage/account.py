# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts may hold retainage."""

from trytond.model import fields
from trytond.pool import PoolMeta
from trytond.pyson import Bool, Eval, If

IS_ASSET = (Eval("statement") == "balance") & Bool(Eval("assets", False))


class AccountType(metaclass=PoolMeta):
    __name__ = "account.account.type"

    retainage = fields.Boolean(
        "Retainage",
        domain=[If(IS_ASSET, (), ("retainage", "=", False))],
        states={"invisible": ~IS_ASSET},
        help="Customer invoices may hold money back on accounts of this type, and bill it later.",
    )

    @classmethod
    def default_retainage(cls):
        return False
