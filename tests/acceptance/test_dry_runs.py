"""What somebody only wants to know: asked through Kafka like a command, answered, and nothing else happens."""

from shared.events.command import Action, OperatorRole
from shared.ledger.foretold import Foretold, Prospect
from shared.ledger.reader import CommandRow, read_command
from shared.ledger.words import EntryKind


async def test_a_dry_run_is_answered_and_causes_no_walk(house):
    invoice = await house.invoice(user_id=house.ben)
    await house.approve(invoice, by=house.ben)
    await house.export_of(invoice, "held")
    before = await house.at_rest(invoice)
    asked = {"role": OperatorRole.ACCOUNTING_APPROVER, "user_id": str(house.ada)}
    command = await house.command(invoice, Action.RELEASE, dry_run=True, **asked)

    async def answered() -> CommandRow | None:
        async with house.view.engine.connect() as connection:
            row = await read_command(connection, command.nonce)
        return row if row and row.handled_at else None

    row = await house.view.until(answered, "an answer")
    told = Foretold.model_validate(row.answer)
    assert (told.decision, str(told.amount)) == (Prospect.SEND, "54000.00")
    assert await house.at_rest(invoice) == before
    assert await house.receivables() == []
    await house.command(invoice, Action.RELEASE, **asked)
    await house.export_of(invoice, "exported")
    assert (await house.view.kinds(invoice)).count(EntryKind.RELEASED) == 1
