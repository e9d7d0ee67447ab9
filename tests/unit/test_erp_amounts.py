"""What an ERP shows as an amount and is none must be an answer that cannot be read, never a fault of ours."""

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from services.export_worker.erp import exact
from services.export_worker.erp.erpnext.wire import Money as ErpNextMoney
from services.export_worker.erp.odoo.wire import Money as OdooMoney
from services.export_worker.erp.quickbooks_online.wire import Money as QuickBooksMoney
from services.export_worker.erp.sandbox.wire import Money as SandboxMoney
from services.export_worker.erp.tryton.wire import Money as TrytonMoney

WIRES = {
    "erpnext": ErpNextMoney,
    "odoo": OdooMoney,
    "quickbooks": QuickBooksMoney,
    "sandbox": SandboxMoney,
    "tryton": TrytonMoney,
}
ODD = [
    float("nan"),
    float("inf"),
    "NaN",
    "sNaN",
    "Infinity",
    "twelve",
    "",
    "1,5",
    [],
    {},
    Decimal("NaN"),
    Decimal("-Infinity"),
]
ODD_IN_TRYTON = [{"__class__": "Decimal", "decimal": text} for text in ("NaN", "sNaN", "-Infinity", "twelve", "")]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("wire", WIRES)
def test_what_is_no_amount_is_refused_as_unreadable(wire, odd):
    with pytest.raises(ValidationError):
        TypeAdapter(WIRES[wire]).validate_python(odd)


@pytest.mark.parametrize("odd", ODD_IN_TRYTON, ids=repr)
def test_a_tagged_text_that_is_no_amount_is_unreadable(odd):
    with pytest.raises(ValidationError):
        TypeAdapter(TrytonMoney).validate_python(odd)


@pytest.mark.parametrize(
    ("wire", "huge"),
    [("odoo", 1e30), ("odoo", "1e300"), ("erpnext", Decimal("1e40")), ("erpnext", 10**40), ("sandbox", "1e400")],
)
def test_more_than_any_invoice_is_refused_as_unreadable(wire, huge):
    with pytest.raises(ValidationError):
        TypeAdapter(WIRES[wire]).validate_python(huge)


@pytest.mark.parametrize(
    ("wire", "said", "meant"),
    [
        ("odoo", 135000.00000000003, "135000.00"),
        ("odoo", "9007199254740.93", "9007199254740.93"),
        ("erpnext", Decimal("0.30000000000000004"), "0.30"),
        ("sandbox", "9007199254740.93", "9007199254740.93"),
    ],
)
def test_an_amount_is_read_to_the_cent(wire, said, meant):
    assert str(TypeAdapter(WIRES[wire]).validate_python(said)) == meant


@pytest.mark.parametrize(
    "text", [b"[1e9999999999999999999999]", b"[NaN]", b"[-Infinity]", b"[" + b"9" * 5000 + b"]", b"["]
)
def test_json_that_holds_no_number_is_no_json(text):
    assert exact.read(text) is None
