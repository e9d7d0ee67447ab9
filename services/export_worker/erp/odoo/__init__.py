"""Odoo, over JSON-RPC or JSON-2."""

from services.export_worker.erp.odoo.about import ABOUT
from services.export_worker.erp.odoo.adapter import OdooAdapter

__all__ = ["ABOUT", "OdooAdapter"]
