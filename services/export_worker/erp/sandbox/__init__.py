"""The ERP sandbox: the ERP of tests and demo."""

from services.export_worker.erp.sandbox.about import ABOUT
from services.export_worker.erp.sandbox.adapter import SandboxErpAdapter

__all__ = ["ABOUT", "SandboxErpAdapter"]
