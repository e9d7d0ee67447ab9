"""Dry runs that came through Kafka: tried against a Procore, answered, and nothing else written."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from services.cli.connecting import links
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.pipeline.house import Trust
from services.export_worker.pipeline.obedience import Obedience
from services.export_worker.pipeline.trial import reading_house
from services.export_worker.trials import Trials
from shared.connections.catalog import load_catalog
from shared.events.command import Action, Command, OperatorRole
from shared.ledger.entries import Received
from shared.ledger.foretold import Foretold, Prospect
from shared.ledger.reader import read_command
from shared.ledger.words import Reason
from shared.procore.client import ProcoreClient
from shared.settings import ProcoreSettings, load
from tests.support.ledgers import COMPANY, CONNECTION, an_export, held_for

SLOW = """
[[connection]]
name = "slow"
company_id = 4907
adapter = "erp_sandbox"
settings = {{{{ url = "http://127.0.0.1:{port}", book = "slow" }}}}
secrets = {{{{ client_secret = "env:ERP_SECRET" }}}}

[[connection]]
name = "harbor-sandbox"
company_id = {{company}}
adapter = "erp_sandbox"
mode = "live"
start_from = "all"
finish = "posted"
settings = {{{{ url = "http://127.0.0.1:1", book = "harbor" }}}}
secrets = {{{{ client_secret = "env:ERP_SECRET" }}}}
"""


@asynccontextmanager
async def made_trials(engine) -> AsyncIterator[Trials]:
    """As the worker makes them, over the connections file as it is now."""
    known, settings = load_catalog(Path(os.environ["CONNECTIONS_FILE"]), adapters=ADAPTERS), load(ProcoreSettings)
    client = ProcoreClient(
        settings.procore_api_url, settings.procore_login_url, settings.procore_client_id, settings.procore_client_secret
    )
    async with client, links(known) as made:
        trust = Trust(service_users=frozenset(), record_max_age=timedelta(days=30), event_lead=timedelta(0))
        house = reading_house(engine, client, trust)
        yield Trials(engine, house, known, made)


@pytest.fixture
async def trials(site, worker_engine) -> AsyncIterator[Trials]:
    async with made_trials(worker_engine) as trials:
        yield trials


@pytest.fixture
def asks(worker_engine):
    """Stores a command as the consumption does; its nonce."""

    async def asks(export_id, action=Action.REPLAY, *, dry_run=True, **fields):
        nonce = secrets.token_hex(8)
        given = {"role": OperatorRole.OPERATOR, "by": "account:7", "why": "to see", "company_id": COMPANY} | fields
        command = Command(
            nonce=nonce,
            action=action,
            export_id=export_id,
            project_id="1",
            at=datetime.now(UTC),
            dry_run=dry_run,
            **given,
        )
        body = json.dumps(command.model_dump(mode="json", exclude={"signature"}))
        async with worker_engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO commands (nonce, export_id, body, received_at) VALUES (:n, :e, :b, now())"),
                {"n": nonce, "e": export_id, "b": body},
            )
        return nonce

    return asks


@pytest.fixture
def answer(worker_engine):
    async def answer(nonce):
        async with worker_engine.connect() as connection:
            row = await read_command(connection, nonce)
        return row.answer and Foretold.model_validate(row.answer)

    return answer


@pytest.fixture
def written(owner_engine):
    """All that a trial must leave alone."""

    async def written():
        async with owner_engine.connect() as connection:
            return [
                (await connection.execute(text(f"SELECT count(*), sum(xmin::text::bigint) FROM {table}"))).one()
                for table in ("entries", "exports", "work", "events", "connection_states")
            ]

    return written


async def test_a_trial_tells_what_would_be_sent(trials, prepared, export_of, asks, answer, site, written):
    nonce = await asks(await export_of())
    before = await written()
    assert await trials.answer_some(CONNECTION) == 1
    told = await answer(nonce)
    assert (told.decision, told.row, str(told.amount), told.currency) == (Prospect.SEND, 22, "54000.00", "USD")
    assert told.reference == f"{CONNECTION}:{site['company']}:{site['invoice']}:1"
    assert await written() == before


async def test_a_trial_is_answered_once(trials, prepared, export_of, asks):
    await asks(await export_of())
    assert [await trials.answer_some(CONNECTION) for _ in range(2)] == [1, 0]


async def test_a_trial_of_a_release_names_what_is_missing(trials, export_of, asks, answer):
    later = Received(event_id="later", reason="update", user_id="7", occurred_at=datetime.now(UTC))
    export = await export_of(held_for(), later)
    nonce = await asks(export, Action.RELEASE, role=OperatorRole.ACCOUNTING_APPROVER, user_id="7")
    await trials.answer_some(CONNECTION)
    told = await answer(nonce)
    assert told.decision is Prospect.HOLD
    assert told.reasons


async def test_a_trial_of_what_is_refused_says_so(trials, export_of, asks, answer):
    nonce = await asks(await export_of(held_for()), afresh=True, invoice_number="nope")
    await trials.answer_some(CONNECTION)
    told = await answer(nonce)
    assert (told.decision, told.row) == (Prospect.REFUSED, None)
    assert told.text == ("It would be refused: the invoice number that was typed is not this invoice's.",)


async def test_a_trial_of_a_resolution_says_what_is_recorded(trials, export_of, asks, answer):
    nonce = await asks(await export_of(held_for()), Action.RESOLVE, dismissed=True)
    await trials.answer_some(CONNECTION)
    told = await answer(nonce)
    assert told.text[0] == "It would be recorded as dismissed."


async def test_a_trial_without_procore_is_unknown(trials, procore, export_of, asks, answer):
    nonce = await asks(await export_of())
    await procore.order_fault(503)
    await trials.answer_some(CONNECTION)
    told = await answer(nonce)
    assert told.decision is Prospect.UNKNOWN
    assert told.text[0].startswith("Nobody can tell now: ")


async def test_a_trial_whose_worker_vanished_is_tried_again(trials, prepared, export_of, asks, answer, owner_engine):
    nonce = await asks(await export_of())
    assert len(await trials._take(CONNECTION)) == 1
    assert await trials.answer_some(CONNECTION) == 0
    async with owner_engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE commands SET lease_until = now() - interval '1 second'")
    assert await trials.answer_some(CONNECTION) == 1
    assert (await answer(nonce)).decision is Prospect.SEND


async def test_what_no_connection_serves_is_answered_too(trials, asks, answer, worker_engine):
    nonce = await asks(await an_export(worker_engine, connection="", company="1"))
    await trials.answer_some("")
    assert (await answer(nonce)).reasons == (Reason.CONNECTION_MISSING,)


async def test_a_real_command_is_no_trial(trials, export_of, asks, answer):
    nonce = await asks(await export_of(), dry_run=False)
    assert await trials.answer_some(CONNECTION) == 0
    assert await answer(nonce) is None


async def test_a_walk_follows_no_dry_run(export_of, asks, worker_engine):
    export_id = await export_of(held_for())
    await asks(export_id)
    real = await asks(export_id, dry_run=False)
    pending = await Obedience(worker_engine, None, None)._pending(export_id)
    assert [nonce for nonce, _ in pending] == [real]


async def test_a_slow_erp_keeps_no_other_waiting(
    site, connections_file, prepared, export_of, asks, answer, worker_engine, database_url
):
    reached, held = asyncio.Event(), []

    async def never(reader, writer):
        held.append(asyncio.current_task())
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            writer.close()

    async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
        connections_file(SLOW.format(port=server.sockets[0].getsockname()[1]), company=site["company"])
        slow = [await an_export(worker_engine, held_for(), invoice=str(at), connection="slow") for at in range(3)]
        for export_id in slow:
            await asks(export_id, afresh=True, invoice_number="INV-001")
        async with made_trials(worker_engine) as trials:
            running = asyncio.create_task(trials.run())
            await asyncio.wait_for(reached.wait(), 20)
            nonce = await asks(await export_of())
            async with asyncio.timeout(20):
                while await answer(nonce) is None:
                    trials.wake()
                    await asyncio.sleep(0.05)
            running.cancel()
            await asyncio.wait({running})
        for stopped in set(held):
            stopped.cancel()
        await asyncio.gather(*held, return_exceptions=True)
