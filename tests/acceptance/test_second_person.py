"""Above the connection's amount a release takes two accounting approvers, each under their own rights."""

from shared.events.command import Action, OperatorRole
from shared.ledger.entries import AttemptOpened, CommandRefused
from shared.ledger.words import EntryKind, Reason

APPROVER = OperatorRole.ACCOUNTING_APPROVER


async def held_by_ben(house):
    invoice = await house.invoice(user_id=house.ben)
    await house.approve(invoice, by=house.ben)
    await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_PRIVILEGE)
    return invoice


async def test_a_large_invoice_goes_with_the_second_release(opens):
    house = await opens(second_person_above="53999.99")
    dora = await house.procore.create_user(company_id=house.company, name="Dora")
    await house.record(dora)
    invoice = await held_by_ben(house)
    await house.command(invoice, Action.RELEASE, role=APPROVER, by="account:1", user_id=str(house.ada))
    await house.followed(invoice, EntryKind.RELEASE_REQUESTED)
    await house.command(invoice, Action.RELEASE, role=APPROVER, by="account:1", user_id=str(dora))
    refused = await house.followed(invoice, EntryKind.COMMAND_REFUSED)
    assert isinstance(refused, CommandRefused)
    assert refused.refusal.startswith("it takes two")
    assert (await house.export_of(invoice, "held")).reasons == (Reason.APPROVER_LACKS_PRIVILEGE,)
    assert await house.receivables() == []
    await house.command(invoice, Action.RELEASE, role=APPROVER, by="account:2", user_id=str(dora))
    await house.export_of(invoice, "exported")
    released = await house.followed(invoice, EntryKind.RELEASED)
    assert (released.user_id, released.with_user_id) == (str(dora), str(house.ada))
    opened = await house.followed(invoice, EntryKind.ATTEMPT_OPENED)
    assert isinstance(opened, AttemptOpened)
    assert opened.authority_when_opened.users == (str(house.ada), str(dora))


async def test_a_second_release_without_the_right_is_held(opens):
    house = await opens(second_person_above="1")
    invoice = await held_by_ben(house)
    await house.command(invoice, Action.RELEASE, role=APPROVER, by="account:1", user_id=str(house.cleo))
    await house.followed(invoice, EntryKind.RELEASE_REQUESTED)
    await house.command(invoice, Action.RELEASE, role=APPROVER, by="account:2", user_id=str(house.ada))
    await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_TOOL_LEVEL)
    assert await house.receivables() == []


async def test_a_small_invoice_needs_one_person_still(opens):
    house = await opens(second_person_above="54000")
    invoice = await held_by_ben(house)
    await house.command(invoice, Action.RELEASE, role=APPROVER, by="account:1", user_id=str(house.ada))
    await house.export_of(invoice, "exported")
