"""The ERPs that the month-end reaches beside the ERP sandbox: a real Tryton, stand-ins for three others, and files.

Each is one connection of Meridian Contractors, which gives each of its projects to another ERP.
"""

from deploy.sandbox.demo.erps.connected import ConnectedErp, Posted
from deploy.sandbox.demo.erps.erpnext import ErpNext
from deploy.sandbox.demo.erps.odoo import Odoo
from deploy.sandbox.demo.erps.quickbooks import QuickBooks
from deploy.sandbox.demo.erps.sage import Sage
from deploy.sandbox.demo.erps.tryton import TrytonErp

__all__ = ["ERPS", "SAGE", "TRYTON", "ConnectedErp", "Posted"]

TRYTON = TrytonErp()
SAGE = Sage()
ERPS: tuple[ConnectedErp, ...] = (TRYTON, Odoo(), ErpNext(), QuickBooks(), SAGE)
