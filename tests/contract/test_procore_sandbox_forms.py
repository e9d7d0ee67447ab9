"""Forms of the Procore sandbox: G702 and G703 add up, whatever is entered."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.sandbox.procore.amounts import LineWork, state
from tests.contract.procore_sandbox import Stage, a_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage() as stage:
        yield stage


# Forms


async def test_a_first_invoice_adds_up(stage: Stage):
    invoice = await stage.an_invoice(
        lines=[
            {"description": "Concrete", "work_this_period": "300000", "materials_stored": "20000"},
            {"description": "Steel", "work_this_period": "100000.50"},
        ],
        stored_retainage_percent="5",
        tax="1234.56",
    )
    shown = await stage.shown(invoice)
    g702 = shown["g702"]
    assert g702["original_contract_sum"] == "1200000.00"
    assert g702["total_completed_and_stored_to_date"] == "420000.50"
    assert g702["completed_work_retainage_amount"] == "40000.05"
    assert g702["stored_materials_retainage_amount"] == "1000.00"
    assert g702["total_retainage"] == "41000.05"
    assert g702["current_payment_due"] == "379000.45"
    assert g702["balance_to_finish_including_retainage"] == "820999.55"
    assert g702["tax_applicable_to_this_payment"] == "1234.56"
    assert shown["total_amount_accrued_this_period"] == "420000.50"
    assert shown["percent_complete"] == "35.00"


async def test_the_next_invoice_stands_on_the_last(stage: Stage):
    first = await stage.shown(await stage.an_invoice(concrete="60000.00"))
    second = await stage.shown(await stage.an_invoice(concrete="40000.00"))
    assert (first["number"], second["number"]) == (1, 2)
    line = second["g703"][0]
    assert line["work_completed_from_previous_application"] == "60000.00"
    assert line["work_completed_this_period"] == "40000.00"
    assert line["total_completed_and_stored_to_date"] == "100000.00"
    assert second["g702"]["less_previous_certificates_for_payment"] == first["g702"]["total_earned_less_retainage"]
    assert second["g702"]["current_payment_due"] == "36000.00"


async def test_change_orders_count_as_new_once(stage: Stage):
    first = await stage.an_invoice(
        change_orders=[
            {"description": "Skylight", "amount": "70000", "work_this_period": "7000"},
            {"description": "No fence", "amount": "-20000"},
        ]
    )
    g702 = (await stage.shown(first))["g702"]
    assert (g702["net_change_by_change_orders"], g702["contract_sum_to_date"]) == ("50000.00", "1250000.00")
    assert g702["positive_new_change_order_item_total"] == "70000.00"
    assert g702["negative_new_change_order_item_total"] == "-20000.00"
    later = (await stage.shown(await stage.an_invoice()))["g702"]
    assert later["positive_previous_change_order_item_total"] == "70000.00"
    assert later["positive_new_change_order_item_total"] == "0.00"
    assert later["net_change_by_change_orders"] == "50000.00"


async def test_a_final_invoice_releases_all_retainage(stage: Stage):
    await stage.an_invoice(concrete="600000.00")
    final = (await stage.shown(await stage.an_invoice(concrete="0", release_retainage=True)))["g702"]
    assert (final["total_retainage"], final["current_payment_due"]) == ("0.00", "60000.00")


async def test_a_credit_makes_the_payment_negative(stage: Stage):
    await stage.an_invoice(concrete="60000.00")
    credit = (await stage.shown(await stage.an_invoice(concrete="-10000.00")))["g702"]
    assert credit["current_payment_due"] == "-9000.00"


cents = st.decimals(min_value=-100_000, max_value=1_000_000, places=2)
percents = st.decimals(min_value=0, max_value=100, places=2)
entries = st.builds(
    LineWork,
    line_id=st.just(1),
    scheduled_value=cents,
    work_this_period=cents,
    materials_stored=cents,
    work_retainage_percent=percents,
    stored_retainage_percent=percents,
)


@given(st.lists(st.tuples(entries, entries), min_size=1, max_size=4))
def test_forms_add_up_whatever_is_entered(periods: list[tuple[LineWork, LineWork]]):
    preceding, paid = None, Decimal(0)
    for first, second in periods:
        form = state([first, replace(second, line_id=2, is_change_order=True)], preceding)
        held_before = preceding.retainage if preceding else Decimal(0)
        assert form.payment_due == form.gross_this_period - (form.retainage - held_before)
        assert form.earned + form.balance_to_finish == form.sum_to_date
        paid += form.payment_due
        assert paid == form.earned
        preceding = form


async def test_amounts_are_strings_with_two_places(stage: Stage):
    g702 = (await stage.shown(await stage.an_invoice()))["g702"]
    amounts = [value for name, value in g702.items() if name != "formatted_period"]
    assert all(isinstance(amount, str) for amount in amounts)
    assert {Decimal(amount).as_tuple().exponent for amount in amounts} == {-2}
