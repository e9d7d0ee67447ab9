"""Each company's ERP on its pages: how it fares, what it can, pausing and resuming."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from services.export_worker.rollup import Rollup
from services.ledger_dashboard.people.tables import audit_records
from services.ledger_dashboard.reading.connections import read_circuit
from shared.connections.standing import MOST_INTERNAL_ERRORS
from shared.ledger.entries import Finding, Held
from shared.ledger.tables import connection_states
from shared.ledger.words import Reason
from tests.support.ledgers import COMPANY, CONNECTION, an_export, held_for
from tests.support.pages import AMY, OLGA, VERA, a_profile, served, text_of, visit
from tests.support.people import audited

OTHER = "ironside-books"
HERE = f"/connections/{CONNECTION}"


@pytest.fixture
async def two(worker_engine):
    """Two companies' connections; one has open exports."""
    await served(worker_engine, a_profile(), a_profile(OTHER, "4908", mode="rehearse", title="Books <5>"))
    await an_export(worker_engine, held_for(), invoice="1")
    await an_export(worker_engine, invoice="2")
    await Rollup(worker_engine).count_some()


async def noted(worker_engine, **values):
    async with worker_engine.begin() as connection:
        await connection.execute(insert(connection_states).values(connection=CONNECTION, **values))


async def circuit(owner_engine):
    async with owner_engine.connect() as connection:
        return await read_circuit(connection, CONNECTION)


async def test_the_list_tells_state_mode_and_load(dashboard, owner_engine, worker_engine, two):
    await noted(worker_engine, last_success_at=datetime.now(UTC) - timedelta(hours=3))
    async with visit(dashboard, owner_engine, VERA) as vera:
        page = await vera.get("/connections")
    text = text_of(page)
    assert f"{CONNECTION} Live ERP sandbox live {COMPANY} 3 h 600 1 2" in text
    assert f"{OTHER} Rehearsing Books <5> rehearse 4908 – 600 0 0" in text
    assert "Books <5>" not in page


async def test_a_connection_of_another_company_is_nowhere(dashboard, owner_engine, two):
    async with visit(dashboard, owner_engine, AMY, companies=frozenset({COMPANY})) as amy:
        assert OTHER not in await amy.get("/connections")
        for path in ("", "/mappings", "/mappings.csv"):
            await amy.get(f"/connections/{OTHER}{path}", 404)
        for path in ("pauses", "resumptions", "mappings", "mappings/imports"):
            await amy.post(f"/connections/{OTHER}/{path}", 404, why="x", content="eA==", kind="job")
        await amy.post(f"/connections/{OTHER}/mappings/previews", 404, file=b"x")
        await amy.get("/connections/nobody", 404)
        await amy.get("/connections/..%2Fetc", 404)


async def test_its_page_tells_what_it_can_and_its_settings(dashboard, owner_engine, two):
    async with visit(dashboard, owner_engine, VERA) as vera:
        page = await vera.get(HERE)
    text = text_of(page)
    assert "What it can, and its limits" in text
    assert 'Drafts no: set finish = "posted"' in text
    assert "<code>finish = &#34;posted&#34;</code>" in page
    assert "Calls a minute 600" in text
    assert "Need a person 1 export Open 2 exports" in text
    assert "Pause it" not in text


async def test_a_pause_and_its_end_are_kept_with_reasons(dashboard, owner_engine, two):
    async with visit(dashboard, owner_engine, OLGA) as olga:
        answer = await olga.post(f"{HERE}/pauses", why="  month-end close\0 ")
        text = text_of(await olga.follow(answer))
        assert "Paused: nothing more is sent." in text
        assert "Paused by Olga Operator" in text
        assert ": month-end close" in text
        assert (await circuit(owner_engine)).paused_by == olga.account.who
        answer = await olga.post(f"{HERE}/resumptions", why="closed")
        assert "Resumed: what waited is looked at again" in text_of(await olga.follow(answer))
        assert (await circuit(owner_engine)).paused_at is None
    async with owner_engine.connect() as connection:
        kept = select(audit_records.c.did, audit_records.c.what, audit_records.c.company_id, audit_records.c.detail)
        rows = [tuple(row) for row in await connection.execute(kept.order_by(audit_records.c.id))]
    assert rows == [
        ("paused", f"connection {CONNECTION}", COMPANY, {"why": "month-end close"}),
        ("resumed", f"connection {CONNECTION}", COMPANY, {"why": "closed"}),
    ]


async def test_a_pause_leaves_the_workers_notes_alone(dashboard, owner_engine, worker_engine, two):
    await noted(worker_engine, failures=3, last_failure="refused", internal_errors=1)
    async with visit(dashboard, owner_engine, OLGA) as olga:
        await olga.post(f"{HERE}/pauses", why="look into it")
    noted_now = await circuit(owner_engine)
    assert (noted_now.failures, noted_now.last_failure, noted_now.internal_errors) == (3, "refused", 1)


async def test_nobody_pauses_without_a_reason_or_the_role(dashboard, owner_engine, two):
    async with visit(dashboard, owner_engine, OLGA) as olga:
        assert "A reason is needed" in (await olga.post(f"{HERE}/pauses", 422, why=" ")).text
    async with visit(dashboard, owner_engine, VERA) as vera:
        await vera.post(f"{HERE}/pauses", 403, why="because")
        await vera.post(f"{HERE}/resumptions", 403, why="because")
    assert (await circuit(owner_engine)).paused_at is None


async def test_a_stop_by_our_own_errors_names_the_trace(dashboard, owner_engine, worker_engine, two):
    await noted(worker_engine, internal_errors=MOST_INTERNAL_ERRORS)
    async with visit(dashboard, owner_engine, VERA) as vera:
        assert "It stopped after 5 errors of our own in a row. Resume it when" in text_of(await vera.get(HERE))
        for trace in ("trace 1a", "trace 2b"):
            finding = Finding(reason=Reason.INTERNAL_ERROR, detail=trace)
            broken = await an_export(worker_engine, Held(findings=(finding,)), invoice=trace)
        await an_export(worker_engine, Held(findings=(finding,)), invoice="elsewhere", connection=OTHER)
        page = await vera.get(HERE)
    assert f"still holds an invoice: trace 2b, at export {broken} ; the worker's log names it too." in text_of(page)
    assert f'href="/exports/{broken}"' in page
    assert "<button" not in page.partition("<main")[2]


async def test_a_stopped_connection_is_resumed_on_its_page(dashboard, owner_engine, worker_engine, two):
    await noted(worker_engine, internal_errors=MOST_INTERNAL_ERRORS, failures=2, last_failure="refused")
    async with visit(dashboard, owner_engine, VERA) as vera:
        await vera.post(f"{HERE}/resumptions", 403, why="mended")
    async with visit(dashboard, owner_engine, OLGA) as olga:
        page = await olga.get(HERE)
        assert "Pause it" not in page
        assert f'action="{HERE}/resumptions"' in page
        text = text_of(await olga.follow(await olga.post(f"{HERE}/resumptions", why="mended")))
    assert "Resumed: what waited is looked at again" in text
    assert "Stopped" not in text
    noted_now = await circuit(owner_engine)
    assert (noted_now.internal_errors, noted_now.failures, noted_now.last_failure) == (0, 2, "refused")
    assert [(each.did, each.detail) for each in await audited(owner_engine)] == [("resumed", {"why": "mended"})]


async def test_an_open_circuit_tells_when_it_is_tried_again(dashboard, owner_engine, worker_engine, two):
    until = datetime.now(UTC) + timedelta(minutes=5)
    await noted(worker_engine, failures=4, open_until=until, last_failure="<b>no route</b>")
    async with visit(dashboard, owner_engine, VERA) as vera:
        page = await vera.get(HERE)
    assert f"open, tried again {until:%Y-%m-%d %H:%M:%S}, 4 failures in a row" in text_of(page)
    assert "<b>no route" not in page


async def test_what_left_the_file_is_told_so(dashboard, owner_engine, worker_engine):
    await served(worker_engine, a_profile())
    await served(worker_engine, a_profile(OTHER))
    async with visit(dashboard, owner_engine, VERA) as vera:
        assert f"{CONNECTION} No longer in the file" in text_of(await vera.get("/connections"))
        assert "No longer in the connections file" in text_of(await vera.get(HERE))
