"""QuickBooks Online over its REST interface, version 3."""

from services.export_worker.erp.quickbooks_online.about import ABOUT
from services.export_worker.erp.quickbooks_online.adapter import QuickBooksAdapter

__all__ = ["ABOUT", "QuickBooksAdapter"]
