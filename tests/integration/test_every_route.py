"""What holds for every route of the dashboard, over a real database: a new one cannot be forgotten."""

import pytest
from fastapi import FastAPI
from starlette.routing import compile_path

from services.ledger_dashboard.app import API as API_PARTS
from services.ledger_dashboard.app import MOST_BODY_BYTES
from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from tests.support.full_house import OTHER_COMPANY, a_full_house
from tests.support.ledgers import COMPANY, CONNECTION
from tests.support.pages import VERA, visit
from tests.support.people import a_token, an_account, audited, browser
from tests.support.routes import FORM, NOWHERE, PLACES, Route, all_routes
from tests.support.scripts import EVERY_ROLE

# For people and machines whom nobody knows yet; the description of the API holds nothing of anybody's.
FOR_EVERYBODY = {
    *("GET /healthz", "GET /readyz", "GET /metrics", "GET /api/v1/openapi.json"),
    *("GET /sign-in", "POST /sign-in", "GET /sign-in/provider", "GET /sign-in/answer"),
}
FOR_VIEWERS = {"POST /words", "POST /sign-out"}
STREAM = "/events"
EVIL = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
ROOT = Holder("", "Ruth Root", frozenset(Role), None, "160586")
ELSEWHERE = Holder("", "Elsa Elsewhere", frozenset(Role), frozenset({"1"}), "160586")


def guarded(app: FastAPI, *methods: str) -> list[Route]:
    """All that need somebody, of these methods."""
    routes = [each for each in all_routes(app) if str(each) not in FOR_EVERYBODY]
    assert len(routes) > 70
    return [each for each in routes if each.method in (methods or ("GET", "POST"))]


def test_every_exception_is_a_route_still(dashboard):
    assert {*map(str, all_routes(dashboard))} >= FOR_EVERYBODY | FOR_VIEWERS


def test_no_route_hides_another(dashboard):
    routes = all_routes(dashboard)
    for route in routes:
        fitting = [
            each
            for each in routes
            if each.method == route.method and compile_path(each.path)[0].fullmatch(route.address())
        ]
        assert fitting[0] == route, f"{fitting[0]} comes before {route}"


def test_every_route_of_the_api_is_described_with_its_token(dashboard):
    described = dashboard.openapi()["paths"]
    for route in all_routes(dashboard):
        if route.is_api and str(route) not in FOR_EVERYBODY:
            operation = described[route.path][route.method.lower()]
            assert operation["security"] == [{"HTTPBearer": []}], route
            assert {"401", "503"} <= set(operation["responses"]), route
    assert sum(len(part.router.routes) for part in API_PARTS) == sum(map(len, described.values())) - 3


async def test_nobody_gets_in_without_signing_in(dashboard, owner_engine):
    await an_account(owner_engine)
    async with browser(dashboard) as client:
        for route in guarded(dashboard):
            answer = await client.request(route.method, route.address(), **route.body)
            if route.is_api or route.path == STREAM:
                told = (answer.status_code, answer.headers.get("www-authenticate"))
                assert told == (401, "Bearer"), route
            else:
                told = (answer.status_code, answer.headers.get("location", "").partition("?")[0])
                assert told == (303, "/sign-in"), route


@pytest.mark.parametrize("authorization", ["Bearer ie_wrong", "Bearer ", "Basic cm9vdDpyb290", "ie_wrong"])
async def test_no_wrong_token_gets_in(dashboard, owner_engine, authorization):
    await an_account(owner_engine)
    async with browser(dashboard, authorization=authorization) as client:
        for route in guarded(dashboard):
            if route.is_api:
                answer = await client.request(route.method, route.address(), **route.body)
                assert answer.status_code == 401, route


async def test_no_form_works_from_another_site_or_page(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    before = len(await audited(owner_engine))
    async with visit(dashboard, owner_engine, ROOT) as ruth:
        for route in guarded(dashboard, "POST"):
            body = route.body if route.is_api else {"data": FORM, **route.body}
            without = await ruth.client.post(route.address(), **body)
            mark = {"x-csrf-token": ruth.csrf}
            body["headers"] = body.get("headers", {}) | mark | EVIL
            elsewhere = await ruth.client.post(route.address(), **body)
            assert (without.status_code, elsewhere.status_code) == (403, 403), route
        signing_in = await ruth.client.post("/sign-in", data={"login": "ruth"}, headers=EVIL)
    assert signing_in.status_code == 403
    assert len(await audited(owner_engine)) == before


async def test_a_viewer_changes_nothing_anywhere(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    before = len(await audited(owner_engine))
    token = await a_token(owner_engine, VERA)
    async with (
        visit(dashboard, owner_engine, VERA) as vera,
        browser(dashboard, authorization=f"Bearer {token}") as script,
    ):
        for route in guarded(dashboard, "POST"):
            if str(route) in FOR_VIEWERS:
                continue
            if route.is_api:
                answer = await script.post(route.address(), **route.body)
            else:
                answer = await vera.client.post(route.address(), data=FORM | {"csrf": vera.csrf}, **route.body)
            assert answer.status_code == 403, route
    assert len(await audited(owner_engine)) == before


async def test_another_companys_thing_is_as_if_it_were_not(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    before = len(await audited(owner_engine))
    token = await a_token(owner_engine, ELSEWHERE)
    async with (
        visit(dashboard, owner_engine, ELSEWHERE) as elsa,
        browser(dashboard, authorization=f"Bearer {token}") as script,
    ):
        for route in guarded(dashboard):
            if not route.has_place:
                continue
            told = []
            for places in (PLACES, NOWHERE):
                form = {} if route.is_api or route.method == "GET" else {"data": FORM | {"csrf": elsa.csrf}}
                client = script if route.is_api else elsa.client
                answer = await client.request(route.method, route.address(places), **form, **route.body)
                told.append((answer.status_code, answer.text))
            assert told[0][0] == 404, route
            assert told[0] == told[1], route
    assert len(await audited(owner_engine)) == before


async def test_no_list_shows_another_companys_things(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    token = await a_token(owner_engine, ELSEWHERE)
    theirs = (CONNECTION, "ironside-books", "INV-0", "Cleo", "160587", "91835", COMPANY, OTHER_COMPANY, "192.0.2.9")
    async with browser(dashboard, authorization=f"Bearer {token}") as client:
        for route in guarded(dashboard, "GET"):
            if route.has_place or route.path in {STREAM, "/approvers/one"}:
                continue
            answer = await client.get(route.address())
            assert answer.status_code == 200, route
            assert [each for each in theirs if each in answer.text] == [], route
        for path, body in (("/replays", {"json": {"why": "x", "ids": [1]}}), ("/orders/1/replays", {})):
            assert (await client.post(f"/api/v1{path}", **body)).status_code in {404, 422}


async def test_what_comes_from_elsewhere_is_never_markup(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    token = await a_token(owner_engine, EVERY_ROLE)
    attack = "<script>alert(1)</script>'\"><img src=x>"
    async with browser(dashboard, authorization=f"Bearer {token}") as client:
        for route in guarded(dashboard, "GET"):
            if route.path == STREAM:
                continue
            for asked in ({}, {name: attack for name in route.queries if name not in {"before", "hours"}}):
                answer = await client.get(route.address(), params=asked)
                assert answer.headers["x-content-type-options"] == "nosniff", route
                assert "default-src 'none'" in answer.headers["content-security-policy"], route
                assert "no-store" in answer.headers["cache-control"], route
                if answer.headers["content-type"].startswith("text/html"):
                    assert "<script>alert" not in answer.text, route
                    assert "<img src=x" not in answer.text, route


async def test_no_name_in_the_api_changes_with_the_words(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    routes = [
        each for each in guarded(dashboard, "GET") if each.is_api and not each.path.endswith(("/audit", "/health"))
    ]
    async with visit(dashboard, owner_engine, ROOT) as ruth:
        told = []
        for words in ("general_contractors", "owners"):
            await ruth.post("/words", dictionary=words)
            told.append([(await ruth.client.get(route.address())).json() for route in routes])
    assert told[0] == told[1]
    assert "owner_invoices" in str(told[0])


async def test_no_body_is_read_without_end(dashboard, owner_engine):
    await an_account(owner_engine)
    sent = []

    async def chunks():
        for _ in range(100):
            sent.append(MOST_BODY_BYTES // 10)
            yield b" " * sent[-1]

    async with browser(dashboard) as client:
        for route in all_routes(dashboard):
            if route.method == "POST":
                for kind in ("application/json", "application/x-www-form-urlencoded", "text/csv"):
                    headers = {"content-type": kind, "content-length": str(MOST_BODY_BYTES + 1)}
                    assert (await client.post(route.address(), content=b"", headers=headers)).status_code == 413, route
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            sent.clear()
            await client.post("/api/v1/replays", content=chunks(), headers={"content-type": kind})
            await client.post("/sign-in", content=chunks(), headers={"content-type": kind})
            assert sum(sent) <= 4 * MOST_BODY_BYTES


async def test_nothing_leads_off_the_site(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    away = ("//evil.example", "https://evil.example/", "/\\evil.example", "/%09/evil.example", "javascript:alert(1)")
    async with visit(dashboard, owner_engine, ROOT) as ruth:
        for route in guarded(dashboard):
            if route.is_api or route.path == STREAM:
                continue
            for way in away:
                fields = dict.fromkeys((*route.queries, "next", "back", "url", "return_to"), way)
                headers = {"referer": way}
                if route.method == "GET":
                    answer = await ruth.client.get(route.address(), params=fields, headers=headers)
                else:
                    data = FORM | {"csrf": ruth.csrf, "back": way, "next": way}
                    answer = await ruth.client.post(route.address(), data=data, headers=headers, **route.body)
                where = answer.headers.get("location", "/")
                assert where.startswith("/"), route
                assert not where.startswith(("//", "/\\")), route
