"""What a connection adds to the document: numbers by rule, due dates, open days, mappings for all others."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from services.export_worker.core.capabilities import RetainageShape
from services.export_worker.core.invoice import read_snapshot
from shared.connections.mappings import Mapping, MappingKind, Mappings
from shared.ledger.words import Reason
from tests.support.builders import (
    CAPABILITIES,
    MAPPINGS,
    TERMS,
    a_billing,
    a_contract,
    a_document,
    a_snapshot,
    problems_of,
    work,
)
from tests.support.cast import CONTRACT, OWNER, PROJECT

BEFORE = read_snapshot(a_contract((work(1, "100"),))[0])


def able(**changes):
    return replace(CAPABILITIES, **changes)


def told(snapshot=None, **changes):
    return [(problem.reason, problem.detail) for problem in problems_of(a_billing(snapshot, **changes))]


BY_OPEN_DAY = replace(TERMS, accounting_date="first_open_day")
BY_RULE = replace(TERMS, number_rule="{contract_id}-{number}")


def test_the_first_open_day_of_the_erp_is_the_date():
    can = able(tells_open_days=True)
    document = a_document(terms=BY_OPEN_DAY, capabilities=can, first_open_day=date(2026, 3, 1))
    assert document.invoice_date == date(2026, 3, 1)
    closed = [(Reason.PERIOD_CLOSED, "no day from 2026-01-28 on is open in the ERP")]
    assert told(terms=BY_OPEN_DAY, capabilities=can) == closed


def test_the_due_date_is_counted_from_the_invoice_date():
    assert a_document().due_date is None
    assert a_document(terms=replace(TERMS, payment_days=30)).due_date == date(2026, 2, 27)
    assert a_document(terms=replace(TERMS, payment_days=0)).due_date == date(2026, 1, 28)


def test_a_blank_number_is_made_by_the_rule_and_noted():
    document = a_document(a_snapshot(invoice_number=" "), terms=BY_RULE)
    assert document.number == f"{CONTRACT}-1"
    assert document.notes == (f"the number {CONTRACT}-1 is made by the connection's rule: Procore's is blank",)
    assert a_document(terms=BY_RULE).number == "HB-2026-001"


def test_a_number_too_long_for_the_erp_is_made_by_the_rule():
    document = a_document(terms=replace(TERMS, number_rule="PA{number}"), capabilities=able(max_number_length=4))
    assert (document.number, len(document.notes)) == ("PA1", 1)
    refused = told(terms=BY_RULE, capabilities=able(max_number_length=3))
    assert [reason for reason, _ in refused] == [Reason.TOO_LONG]


def test_a_mapping_for_all_others_is_used_and_noted():
    anybody = Mappings((Mapping(kind=MappingKind.CUSTOMER, erp_id="C-1", procore_id="*"), *MAPPINGS.entries[1:]))
    document = a_document(mappings=anybody)
    assert document.customer == "C-1"
    assert document.notes == (f"the owner {OWNER!r} has no customer of its own: the one for all others is used",)
    assert a_document().notes == ()


def test_the_document_links_back_to_procore():
    expected = f"https://app.procore.com/{PROJECT}/project/prime_contracts/{CONTRACT}/payment_applications/7700123"
    assert a_document().source_url == expected


def test_items_and_tax_codes_are_mapped_where_required():
    with_items = Mappings(
        (
            *MAPPINGS.entries,
            Mapping(kind=MappingKind.ITEM, erp_id="77", procore_id="*"),
            Mapping(kind=MappingKind.ITEM, erp_id="78", procore_id="03-002"),
        )
    )
    needs = able(required_mappings=frozenset({"customer", "item"}))
    assert [line.item for line in a_document(mappings=with_items, capabilities=needs).lines] == ["77", "78"]
    assert told(capabilities=needs) == [
        (Reason.MISSING_MAPPING, "cost code 03-001 has no item in the ERP"),
        (Reason.MISSING_MAPPING, "cost code 03-002 has no item in the ERP"),
    ]


def test_retainage_moved_beside_an_invoice_needs_work():
    released = read_snapshot(a_contract((work(1, "100"),), (work(1, work_retainage_released=Decimal(10)),))[1])
    beside = able(retainage_shape=RetainageShape.GROSS_PLUS_RECLASS_ENTRY)
    wanted = [(Reason.UNSUPPORTED, "the ERP moves retainage beside an invoice of work, and there is no work")]
    assert told(released, previous=BEFORE, capabilities=beside) == wanted


def test_tax_is_held_where_the_erp_takes_none():
    wanted = [(Reason.UNSUPPORTED, "the ERP takes no tax with an invoice (120.00)")]
    assert told(a_snapshot(tax="120.00"), capabilities=able(takes_tax=False)) == wanted
    assert a_document(capabilities=able(takes_tax=False)).tax == 0


def test_an_exchange_rate_below_zero_is_held():
    money = {"currency_iso_code": "USD", "currency_exchange_rate": "0"}
    assert told(a_snapshot(currency_configuration=money)) == [(Reason.CURRENCY, "the exchange rate is 0")]
