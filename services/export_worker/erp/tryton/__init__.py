"""Tryton, unchanged or with our module."""

from services.export_worker.erp.tryton.about import ABOUT
from services.export_worker.erp.tryton.adapter import TrytonAdapter

__all__ = ["ABOUT", "TrytonAdapter"]
