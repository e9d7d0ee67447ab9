"""Listing and showing exports."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from services.export_worker.gauges import count_follow_ups
from shared.ledger.entries import Finding, FollowUpDone, FollowUpFailed, ResolvedByHand, Skipped
from shared.ledger.filter import Cursor, Filter, Sort, SortKey
from shared.ledger.reader import list_exports, read_export
from shared.ledger.words import NEXT_STEP, Reason, Status
from tests.support.builders import a_document, opened
from tests.support.command_line import answered
from tests.support.ledgers import CONNECTION, a_look, an_export, exported, held_for


@pytest.fixture
async def ledger(worker_engine):
    """Two held, one waiting without a connection; oldest first."""
    return [
        await an_export(worker_engine, held_for(), invoice="5001"),
        await an_export(
            worker_engine,
            held_for(Reason.MISSING_MAPPING, a_look(2, customer_name="Ironside 100% Steel", invoice_number="B_7")),
            invoice="5002",
            project="91836",
        ),
        await an_export(worker_engine, invoice="5003", company="4908", connection=""),
    ]


async def ids(engine, **wanted):
    async with engine.connect() as connection:
        return [row.id for row in (await list_exports(connection, Filter(**wanted))).rows]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [2, 1, 0]),
        ({"statuses": [Status.HELD]}, [1, 0]),
        ({"statuses": [Status.HELD, Status.WAITING]}, [2, 1, 0]),
        ({"reason": Reason.MISSING_MAPPING}, [1]),
        ({"company_id": "4908"}, [2]),
        ({"project_id": "91836"}, [1]),
        ({"connection": "harbor-sandbox"}, [1, 0]),
        ({"connection": ""}, [2]),
        ({"search": "harbor lib"}, [0]),
        ({"search": "inv-001"}, [0]),
        ({"search": "5003"}, [2]),
        ({"search": "500"}, [2, 1, 0]),
        ({"search": "in"}, [0]),
        ({"search": "nv"}, []),
        ({"search": "100%"}, [1]),
        ({"search": "%"}, []),
        ({"search": "b_7"}, [1]),
        ({"search": "nobody"}, []),
    ],
    ids=str,
)
async def test_a_filter_finds_what_fits(ledger, owner_engine, wanted, found):
    assert await ids(owner_engine, **wanted) == [ledger[at] for at in found]


async def test_pages_follow_each_other(ledger, owner_engine):
    async with owner_engine.connect() as connection:
        first = await list_exports(connection, Filter(), limit=2)
        second = await list_exports(connection, Filter(), limit=2, after=first.next)
    assert [row.id for row in (*first.rows, *second.rows)] == ledger[::-1]
    assert (first.next, second.next) == (Cursor(str(ledger[1]), ledger[1]), None)


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("key", SortKey)
async def test_every_order_pages_through_all(ledger, owner_engine, key, descending):
    seen, after = [], None
    async with owner_engine.connect() as connection:
        for _ in ledger:
            page = await list_exports(connection, Filter(), sort=Sort(key, descending), limit=1, after=after)
            seen += [row.id for row in page.rows]
            after = page.next
        whole = await list_exports(connection, Filter(), sort=Sort(key, descending))
    assert after is None
    assert seen == [row.id for row in whole.rows]
    assert sorted(seen) == ledger


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (SortKey.ARRIVAL, "INV-001"),
        (SortKey.ARRIVAL, "9" * 30),
        (SortKey.AMOUNT, "INV-001"),
        (SortKey.AMOUNT, "NaN"),
        (SortKey.AMOUNT, "1e200000"),
        (SortKey.BILLING_DATE, "54000.00"),
        (SortKey.SINCE, "2026-09-30"),
        (SortKey.SINCE, "9999-12-31T23:59:59-14:00"),
        (SortKey.SINCE, "0001-01-01T00:00:00+14:00"),
    ],
)
async def test_a_place_in_another_order_is_refused(ledger, owner_engine, key, value):
    async with owner_engine.connect() as connection:
        with pytest.raises(ValueError):  # noqa: PT011 - whoever shows the list begins anew
            await list_exports(connection, Filter(), sort=Sort(key), after=Cursor(value, 1))


async def test_the_ends_of_the_calendar_are_days_too(ledger, owner_engine):
    assert await ids(owner_engine, since_from=date.min, since_to=date.max) == ledger[::-1]
    assert await ids(owner_engine, since_to=date.min) == await ids(owner_engine, since_from=date.max) == []


async def test_an_export_is_read_whole(ledger, owner_engine):
    async with owner_engine.connect() as connection:
        detail = await read_export(connection, ledger[0])
        assert await read_export(connection, 10**9) is None
    assert (detail.export.status, detail.export.reasons) == (Status.HELD, (Reason.APPROVER_LACKS_PRIVILEGE,))
    assert [entry.kind.value for entry in detail.entries] == ["received", "held"]
    assert detail.state.authority.users == ("2",)
    assert (detail.events, detail.commands) == ((), ())


async def test_the_list_shows_what_is_held(ledger, command):
    shown = await command("exports", "list", "--status", "held")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "Harbor Library District" in shown.stdout
    assert "54,000.00 USD" in shown.stdout
    assert "approver_lacks_privilege" in shown.stdout
    paged = await command("exports", "list", "--limit", "1")
    assert f"--before {ledger[2]}" in paged.stdout


async def test_the_list_as_json_says_what_to_do(ledger, command):
    listed = answered(await command("exports", "list", "--reason", "missing_mapping", "--json"))
    (row,) = listed["exports"]
    assert (row["id"], row["amount"], row["next_steps"]) == (
        ledger[1],
        "54000.00",
        [NEXT_STEP[Reason.MISSING_MAPPING]],
    )


async def test_an_export_is_told_in_words(ledger, command):
    shown = await command("exports", "show", ledger[0])
    lines = shown.stdout.splitlines()
    assert lines[0].startswith(
        f"Export {ledger[0]}: invoice INV-001 to Harbor Library District over 54,000.00 USD is held and needs a person"
    )
    assert lines[1].endswith(NEXT_STEP[Reason.APPROVER_LACKS_PRIVILEGE])
    assert "Approver: Procore user 2, found by event" in shown.stdout
    assert "can_push_to_accounting False" in shown.stdout
    assert "waiting -> held" in shown.stdout


async def test_an_export_as_json_holds_its_entries(ledger, command):
    shown = answered(await command("exports", "show", ledger[0], "--json"))
    assert [entry["kind"] for entry in shown["entries"]] == ["received", "held"]
    assert shown["findings"][0]["next_step"] == NEXT_STEP[Reason.APPROVER_LACKS_PRIVILEGE]
    assert json.dumps(shown)


async def test_a_document_is_told_with_lines_and_notes(worker_engine, command):
    note = "project 91835 has no job of its own: the one for all others is used"
    document = a_document().model_copy(update={"due_date": date(2026, 11, 30), "notes": (note,)})
    shown = (await command("exports", "show", await an_export(worker_engine, opened(document)))).stdout
    line = document.lines[0]
    told = f"number {document.number}, customer {document.customer}"
    assert f"Document of attempt 1: {told}" in shown
    assert "due 2026-11-30" in shown
    assert f"receivable {document.totals.receivable:,.2f} USD = {document.totals.gross:,.2f} gross" in shown
    assert f"{line.amount:,.2f} │" in shown
    assert f"Note: {note}." in shown


async def test_a_rehearsals_document_is_told(worker_engine, command):
    document = a_document().model_dump(mode="json") | {"due_date": None}
    rehearsed = Skipped(finding=Finding(reason=Reason.REHEARSED), look=a_look(), document=document)
    export_id = await an_export(worker_engine, rehearsed)
    shown = (await command("exports", "show", export_id)).stdout
    assert "Document as it would be sent: number" in shown
    assert "due by the ERP's own terms" in shown
    assert "Note:" not in shown
    assert answered(await command("exports", "show", export_id, "--json"))["document"] == document


async def test_a_document_of_another_version_is_said_so(worker_engine, command):
    export_id = await an_export(worker_engine, opened().model_copy(update={"document": {"number": "1"}}))
    assert "Document of attempt 1: stored by another version" in (await command("exports", "show", export_id)).stdout


@pytest.fixture
async def followed(worker_engine):
    """Exported: one whose attachment was given up, one whose is tried again, one whose is done."""
    fates = (
        FollowUpFailed(what="attachment", detail="not permitted"),
        FollowUpFailed(what="attachment", detail="no answer", retry_at=datetime(2026, 9, 30, 12, tzinfo=UTC)),
        FollowUpDone(what="attachment", detail="INV-001.pdf"),
    )
    made = [await an_export(worker_engine, *exported(), fate, invoice=f"70{at}") for at, fate in enumerate(fates)]
    by_hand = ResolvedByHand(nonce="n", by="7", why="entered", dismissed=False, erp_number="AR-1")
    return [*made, await an_export(worker_engine, *exported(), fates[0], by_hand, invoice="704")]


async def test_what_was_given_up_after_an_export_is_listed(followed, command, owner_engine):
    assert await ids(owner_engine, given_up=True) == [followed[0]]
    (row,) = answered(await command("exports", "list", "--given-up", "--json"))["exports"]
    assert row["id"] == followed[0]


async def test_what_came_after_an_export_is_told(followed, command):
    told = [(await command("exports", "show", export_id)).stdout for export_id in followed]
    assert "After the export: attachment given up after one try -> Mend its cause, then replay" in told[0]
    assert "not permitted" in told[0]
    assert "attachment failed after one try, tried again by itself at 2026-09-30 12:00:00 UTC" in told[1]
    assert "After the export: attachment done" in told[2]
    assert "After the export" not in told[3]
    shown = answered(await command("exports", "show", followed[0], "--json"))
    assert shown["given_up"] == ["attachment"]
    assert shown["follow_ups"]["attachment"]["failures"] == 1


async def test_what_was_given_up_is_counted_for_two_months(worker_engine):
    now = datetime.now(UTC).date()
    given_up = FollowUpFailed(what="write_back", detail="locked")
    for invoice, days in (("81", 0), ("82", 20), ("83", 99)):
        look = a_look(billing_date=now - timedelta(days=days))
        await an_export(worker_engine, *exported(look), given_up, invoice=invoice)
    await an_export(worker_engine, *exported(a_look(billing_date=now)), invoice="84")
    await count_follow_ups(worker_engine, [CONNECTION, "another"])
    shown = {
        name: REGISTRY.get_sample_value("invoice_export_follow_ups_given_up", {"connection": name})
        for name in (CONNECTION, "another")
    }
    assert shown == {CONNECTION: 2, "another": 0}


async def test_an_unknown_export_is_one_line(command):
    missing = await command("exports", "show", 99)
    assert (missing.exit_code, missing.stdout, missing.stderr) == (1, "", "There is no export 99.\n")


async def test_words_from_outside_do_not_steer_the_terminal(worker_engine, command):
    nasty = a_look(customer_name="[red]Harbor\x1b[2J", invoice_number="1\n2")
    export_id = await an_export(worker_engine, held_for(look=nasty))
    for words in (["list"], ["show", export_id]):
        shown = (await command("exports", *words)).stdout
        assert "\x1b" not in shown
        assert "[red]Harbor?[2J" in shown
