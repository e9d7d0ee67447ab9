"""The dashboard over HTTP, without JavaScript: what people see, ask and may not."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.database import Role, connect_raw
from shared.ledger.entries import ReplayAccepted
from shared.ledger.words import EntryKind, Reason
from tests.support.dashboard import Dashboard, Visitor, open_dashboard
from tests.support.house import House

PAGES = ("/", "/?span=days", "/exports", "/events-log", "/tie-out", "/health", "/exports.csv")


@pytest.fixture
async def dashboard(house: House) -> AsyncIterator[Dashboard]:
    async with open_dashboard(house) as dashboard:
        yield dashboard


async def held_export(house: House) -> tuple[int, int]:
    """One that Ben approved, who may not export: the invoice and the export."""
    invoice = await house.invoice(user_id=house.ben)
    await house.approve(invoice, by=house.ben)
    export = await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_PRIVILEGE)
    await house.at_rest(invoice)
    return invoice, export.id


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_there_for_a_viewer(path: str, dashboard: Dashboard) -> None:
    vera = await dashboard.visitor("vera")
    assert await vera.see(path)


async def test_nobody_sees_anything_before_signing_in(dashboard: Dashboard) -> None:
    stranger = await dashboard.visitor()
    for path in (*PAGES, "/exports/1", "/orders/1", "/tie-out/harbor/2026-10"):
        response = await stranger.web.get(path, follow_redirects=False)
        assert (response.status_code, response.headers["location"].partition("?")[0]) == (303, "/sign-in")


async def test_a_held_export_says_why_and_what_to_do(house: House, dashboard: Dashboard) -> None:
    _, export = await held_export(house)
    vera = await dashboard.visitor("vera")
    page = await vera.see(f"/exports/{export}")
    assert "Approver lacks privilege" in page
    assert "grant it and import, or release" in page
    assert "The chain of" in page
    assert "Replay:" not in page
    assert "Can Push to Accounting" in page


async def test_a_dry_run_changes_nothing(house: House, dashboard: Dashboard) -> None:
    invoice, export = await held_export(house)
    olga = await dashboard.visitor("olga")
    await house.record(house.ben)
    before = await house.view.kinds(invoice)
    page = (await olga.post(f"/exports/{export}/replays", why="his rights were granted")).text
    assert "It would be sent" in page
    assert await house.view.kinds(invoice) == before
    assert await house.receivables() == []


async def test_a_replay_is_done_under_the_operators_name(house: House, dashboard: Dashboard) -> None:
    invoice, export = await held_export(house)
    olga = await dashboard.visitor("olga")
    await house.record(house.ben)
    page = (await olga.post(f"/exports/{export}/replays", why="his rights were granted", step="go")).text
    assert "replay was followed" in page
    await house.export_of(invoice, "exported")
    entry = await house.followed(invoice, EntryKind.REPLAY_ACCEPTED)
    assert isinstance(entry, ReplayAccepted)
    assert (entry.by.partition(":")[0], entry.why) == ("account", "his rights were granted")
    assert len(await house.receivables()) == 1


async def test_two_clicks_at_once_make_one_attempt(house: House, dashboard: Dashboard) -> None:
    invoice, export = await held_export(house)
    people = [await dashboard.visitor("olga"), await dashboard.visitor("root")]
    await house.record(house.ben)
    await asyncio.gather(*(each.post(f"/exports/{export}/replays", why="granted", step="go") for each in people))
    await house.export_of(invoice, "exported")
    assert (await house.view.kinds(invoice)).count(EntryKind.ATTEMPT_OPENED) == 1
    assert len(await house.receivables()) == 1


async def test_a_reason_is_mandatory(house: House, dashboard: Dashboard) -> None:
    _, export = await held_export(house)
    olga = await dashboard.visitor("olga")
    assert "why" in (await olga.post(f"/exports/{export}/replays", why="  ", status=422)).text


async def test_an_approver_releases_under_their_own_rights(house: House, dashboard: Dashboard) -> None:
    invoice, export = await held_export(house)
    ada = await dashboard.visitor("ada")
    page = (await ada.post(f"/exports/{export}/releases", why="I take it over")).text
    assert "It would be sent" in page
    await ada.post(f"/exports/{export}/releases", why="I take it over", step="go")
    await house.export_of(invoice, "exported")


@pytest.mark.parametrize(
    ("login", "deed"),
    [
        ("vera", "replays"),
        ("vera", "resolutions"),
        ("olga", "releases"),
        ("ada", "resolutions"),
        ("ada", "confirmations"),
        ("root", "releases"),
    ],
)
async def test_a_role_without_the_deed_is_refused(login: str, deed: str, house: House, dashboard: Dashboard) -> None:
    invoice, export = await held_export(house)
    before = await house.view.kinds(invoice)
    visitor = await dashboard.visitor(login)
    await visitor.post(f"/exports/{export}/{deed}", why="because", erp_number="1", step="go", status=403)
    assert await house.view.kinds(invoice) == before


async def test_another_companys_export_does_not_exist(house: House, dashboard: Dashboard) -> None:
    _, export = await held_export(house)
    elsa = await dashboard.visitor("elsa")
    await elsa.see(f"/exports/{export}", status=404)
    await elsa.post(f"/exports/{export}/replays", why="mine", step="go", status=404)
    listed = await elsa.see(f"/exports?company_id={house.company}")
    assert f"/exports/{export}" not in listed
    await elsa.post("/replays", which="selected", id=str(export), why="mine", status=422)
    assert str(house.company) not in await elsa.see("/exports.csv")


async def test_many_are_rehearsed_then_replayed(house: House, dashboard: Dashboard) -> None:
    invoices = []
    for _ in range(3):
        contract = await house.another_contract()
        invoice = await house.invoice(contract=contract)
        await house.approve(invoice, by=house.ben)
        invoices.append(invoice)
    for invoice in invoices:
        await house.export_of(invoice, "held")
        await house.at_rest(invoice)
    await house.record(house.ben)
    olga = await dashboard.visitor("olga")
    first = await olga.post("/replays", which="filter", filter="status=held", why="granted")
    page = await _until(olga, first.url.path, "3 of 3 exports looked at")
    assert "3 exports would be sent" in page
    assert await house.receivables() == []
    late = await house.invoice(contract=await house.another_contract())
    await house.record(house.ben, can_push_to_accounting=False)
    await house.approve(late, by=house.ben)
    await house.export_of(late, "held")
    await house.at_rest(late)
    await house.record(house.ben)
    done = await olga.post(f"{first.url.path}/replays")
    await _until(olga, done.url.path, "3 of 3 exports handled")
    for invoice in invoices:
        await house.export_of(invoice, "exported")
    assert len(await house.receivables()) == 3
    assert (await house.export_of(late)).status == "held"


async def test_a_change_is_told_within_a_second(house: House, dashboard: Dashboard) -> None:
    vera = await dashboard.visitor("vera")
    async with vera.web.stream("GET", "/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        await _quiet(lines)
        _, export = await held_export(house)
        async with asyncio.timeout(1):
            await _changed(lines)
    assert f"/exports/{export}" in await vera.see("/exports")


async def test_what_a_form_does_needs_its_own_page(house: House, dashboard: Dashboard) -> None:
    _, export = await held_export(house)
    olga = await dashboard.visitor("olga")
    path = f"/exports/{export}/replays"
    without = await olga.web.post(path, data={"why": "x", "step": "go"})
    elsewhere = await olga.web.post(
        path,
        data={"why": "x", "csrf": olga.csrf},
        headers={"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    )
    assert (without.status_code, elsewhere.status_code) == (403, 403)


async def test_an_ended_session_does_nothing_and_says_so(house: House, dashboard: Dashboard) -> None:
    invoice, export = await held_export(house)
    olga = await dashboard.visitor("olga")
    before = await house.view.kinds(invoice)
    await house.view.execute("DELETE FROM sessions")
    response = await olga.web.post(f"/exports/{export}/replays", data={"csrf": olga.csrf, "why": "x", "step": "go"})
    assert response.url.path == "/sign-in"
    assert "Nothing was done" in response.text or "nothing was done" in response.text
    assert await house.view.kinds(invoice) == before


@pytest.mark.parametrize(
    "query",
    [
        "search=%27%3B+DROP+TABLE+exports%3B--",
        "search=%25%5F%5C",
        "status=held%27",
        "connection=%27+OR+1%3D1--",
        "approver=%27%7D",
        "amount_from=1e999",
        "since_from=0000-00-00",
        "after=AAAA",
        "sort=id%3BSELECT&order=up",
        "search=%00",
        "company_id=" + "9" * 400,
    ],
)
async def test_no_filter_reaches_the_database_as_code(query: str, house: House, dashboard: Dashboard) -> None:
    await held_export(house)
    vera = await dashboard.visitor("vera")
    await vera.see(f"/exports?{query}")
    await vera.see(f"/exports.csv?{query}")
    assert (await house.view.execute("SELECT count(*) FROM exports")).scalar() == 1


async def test_what_procore_says_is_never_markup(house: House, dashboard: Dashboard) -> None:
    nasty = '<script>alert(1)</script>"onmouseover="x'
    invoice = await house.approved(invoice_number=nasty)
    export = await house.export_of(invoice)
    vera = await dashboard.visitor("vera")
    for path in ("/exports", f"/exports/{export.id}", "/events-log"):
        page = await vera.see(path)
        assert "<script>alert" not in page
        assert '"onmouseover="' not in page


async def test_pages_forbid_what_they_do_not_need(dashboard: Dashboard) -> None:
    vera = await dashboard.visitor("vera")
    response = await vera.web.get("/")
    assert "unsafe" not in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "style=" not in response.text
    assert "onclick" not in response.text


async def test_the_dashboards_role_cannot_write_the_ledger(house: House) -> None:
    session = await connect_raw(house.database_url, Role.DASHBOARD)
    try:
        for table in ("entries", "exports", "work", "commands", "events", "seals", "accounts", "api_tokens"):
            for statement in (f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES"):
                with pytest.raises(Exception, match="permission denied"):
                    await session.execute(statement)
    finally:
        await session.close()


async def test_no_planted_secret_is_on_any_page(house: House, dashboard: Dashboard) -> None:
    invoice = await house.approved()
    export = await house.export_of(invoice, "exported")
    root = await dashboard.visitor("root")
    planted = [value for value in vars(house.secrets).values() if isinstance(value, str)]
    assert planted
    for path in (*PAGES, f"/exports/{export.id}"):
        page = await root.see(path)
        assert not any(secret in page for secret in planted)


async def _until(visitor: Visitor, path: str, words: str) -> str:
    for _ in range(150):
        page = await visitor.see(path)
        if words in page:
            return page
        await asyncio.sleep(0.2)
    raise AssertionError(f"{words!r} never stood on {path}: {page[-3000:]}")


async def _quiet(lines: AsyncIterator[str]) -> None:
    """Until nothing was told for a second: what began before is over."""
    while True:
        try:
            async with asyncio.timeout(1):
                await anext(lines)
        except TimeoutError:
            return


async def _changed(lines: AsyncIterator[str]) -> None:
    async for line in lines:
        if line == "event: changed":
            return
