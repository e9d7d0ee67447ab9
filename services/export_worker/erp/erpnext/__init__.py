"""ERPNext, over Frappe's REST interface."""

from services.export_worker.erp.erpnext.about import ABOUT
from services.export_worker.erp.erpnext.adapter import ErpNextAdapter

__all__ = ["ABOUT", "ErpNextAdapter"]
