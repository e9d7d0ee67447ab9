"""Every kind of ERP by the name that a connection gives: one line each."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from services.export_worker.erp import erpnext, odoo, quickbooks_online, sage_file, sandbox, tryton
from services.export_worker.erp.about import About
from services.export_worker.erp.adapter import ErpAdapter, Place

__all__ = ["ADAPTERS", "Kind", "make_adapter"]


@dataclass(frozen=True)
class Kind:
    """How to make an adapter, and what to know about it. `make` raises pydantic's ValidationError."""

    make: Callable[[Place], ErpAdapter]
    about: About


ADAPTERS: dict[str, Kind] = {
    "erp_sandbox": Kind(sandbox.SandboxErpAdapter, sandbox.ABOUT),
    "erpnext": Kind(erpnext.ErpNextAdapter, erpnext.ABOUT),
    "odoo": Kind(odoo.OdooAdapter, odoo.ABOUT),
    "quickbooks_online": Kind(quickbooks_online.QuickBooksAdapter, quickbooks_online.ABOUT),
    "sage_file": Kind(sage_file.SageFileAdapter, sage_file.ABOUT),
    "tryton": Kind(tryton.TrytonAdapter, tryton.ABOUT),
}

MISTAKES = {"extra_forbidden": "is not known", "missing": "is missing"}


def make_adapter(name: str, place: Place) -> ErpAdapter:
    """The adapter of a connection. Raises ValueError, one line for each mistake and never a value in it."""
    kind = ADAPTERS.get(name)
    if kind is None:
        raise ValueError(f"unknown adapter {name!r}; known: {', '.join(sorted(ADAPTERS))}")
    try:
        return kind.make(place)
    except ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        lines = [f"{name}: {line_of(one['type'], one['loc'], one['msg'])}" for one in told]
        raise ValueError("\n".join(lines)) from None


def line_of(kind: str, where: tuple[int | str, ...], text: str) -> str:
    """One mistake."""
    mistake = MISTAKES.get(kind, text.removeprefix("Value error, "))
    key = ".".join(str(part) for part in where)
    return f"{key} {mistake}" if key and kind in MISTAKES else f"{key}: {mistake}" if key else mistake
