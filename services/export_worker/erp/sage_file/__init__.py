"""Sage by import files: Sage 100 Contractor and Sage 300 CRE."""

from services.export_worker.erp.sage_file.about import ABOUT
from services.export_worker.erp.sage_file.adapter import SageFileAdapter

__all__ = ["ABOUT", "SageFileAdapter"]
