"""From simple line inputs to the work lines of one invoice, on top of what the contract already knows."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from deploy.sandbox.procore.amounts import LineWork, Statement, money
from deploy.sandbox.procore.drafts import ChangeOrderDraft, InvoiceContent, LineDraft
from deploy.sandbox.procore.errors import invalid
from deploy.sandbox.procore.world import ContractLine, OwnerInvoice, PrimeContract, World


def carried_works(contract: PrimeContract, preceding: OwnerInvoice | None) -> list[LineWork]:
    """Every line of the contract with no work yet this period, and the materials that were stored before."""
    stored = {work.line_id: work.materials_stored for work in preceding.works} if preceding else {}
    return [replace(_blank(line), materials_stored=stored.get(line.id, money(0))) for line in contract.lines]


def merge_lines(
    world: World, contract: PrimeContract, base: Sequence[LineWork], draft: InvoiceContent
) -> list[LineWork]:
    """Raises 422 when a line is new and has no scheduled value."""
    works = {work.line_id: work for work in base}
    for line in draft.lines:
        known = _known_line(world, contract, line)
        works[known.id] = _apply_line(works.get(known.id) or _blank(known), line)
    for order in draft.change_orders:
        added = _change_order_line(world, contract, order)
        works[added.id] = replace(_blank(added), work_this_period=money(order.work_this_period))
    return list(works.values())


def release_retainage(statement: Statement) -> list[LineWork]:
    """Everything that is held on completed work is released; stored materials follow by a percent of zero."""
    return [
        replace(
            line.work,
            work_retainage_released=line.work_retainage.previous + line.work_retainage.retained,
        )
        for line in statement.lines
    ]


def add_line(
    world: World,
    contract: PrimeContract,
    *,
    description: str,
    scheduled_value: Decimal,
    cost_code: str | None,
    is_change_order: bool,
) -> ContractLine:
    line = ContractLine(
        id=world.take_id("line"),
        description=description,
        cost_code=cost_code,
        is_change_order=is_change_order,
        scheduled_value=money(scheduled_value),
    )
    contract.lines.append(line)
    return line


def _known_line(world: World, contract: PrimeContract, draft: LineDraft) -> ContractLine:
    for line in contract.lines:
        if line.description == draft.description:
            if draft.scheduled_value is not None:
                line.scheduled_value = money(draft.scheduled_value)
            return line
    if draft.scheduled_value is None:
        raise invalid("scheduled_value", f"is needed for the new line {draft.description!r}")
    return add_line(
        world,
        contract,
        description=draft.description,
        scheduled_value=draft.scheduled_value,
        cost_code=draft.cost_code,
        is_change_order=False,
    )


def _change_order_line(world: World, contract: PrimeContract, draft: ChangeOrderDraft) -> ContractLine:
    return add_line(
        world,
        contract,
        description=draft.description,
        scheduled_value=draft.amount,
        cost_code=draft.cost_code,
        is_change_order=True,
    )


def _apply_line(work: LineWork, draft: LineDraft) -> LineWork:
    if draft.scheduled_value is not None:
        work = replace(work, scheduled_value=money(draft.scheduled_value))
    if draft.was_given("work_this_period"):
        work = replace(work, work_this_period=money(draft.work_this_period))
    if draft.was_given("materials_stored"):
        work = replace(work, materials_stored=money(draft.materials_stored))
    if draft.was_given("retainage_released"):
        work = replace(work, work_retainage_released=money(draft.retainage_released))
    return work


def _blank(line: ContractLine) -> LineWork:
    return LineWork(line_id=line.id, scheduled_value=line.scheduled_value, is_change_order=line.is_change_order)
