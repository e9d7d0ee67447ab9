"""Whatever stands in an address, every page and list answers: odd values are left out or named, and never code."""

import asyncio
import os

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from shared.ledger.filter import SortKey
from tests.support.full_house import a_full_house
from tests.support.ledgers import COMPANY, CONNECTION
from tests.support.people import a_token, an_account, browser, served
from tests.support.routes import Route, all_routes
from tests.support.scripts import EVERY_ROLE

EXAMPLES = os.environ.get("API_FUZZ_EXAMPLES")
CODE = ("'; DROP TABLE audit_records; --", "' OR '1'='1' --", "%' OR 1=1) --", "{$ne: 1}", "\\", "%", "_", "$1", "'{}")
# Places in lists: of another order, of an infinite id, with half of a surrogate pair, too deep, of three texts.
PLACES = (
    *("WyJJTlYtMDAxIiwgMV0", "WyJhIiwgSW5maW5pdHld", "WyJcdWQ4MDAiLCAxXQ"),
    *("W1tb" * 900, "WyI0OTA3IiwgIkFkYSIsICIxNjA1ODYiXQ"),
)
ODD = (
    *("\x00", "a\x00b", "\ufffe", "９", "½", "-1", "0", "1e5", "9" * 30, "x" * 1_000, "[]", "inf", "1e200000", "NaN"),
    *("9999-12-31", "0001-01-01", "9999-12", "0000-01", "2026-09", "job:id:91835", "job:", ":", "held", "duplicate"),
)
THEIRS = (CONNECTION, "ironside-books", "Cleo", "INV-0", "160587", COMPANY)
ELSEWHERE = Holder("", "elsewhere", frozenset(Role), frozenset({"1"}), None)
TABLES = ("exports", "approver_records", "mappings", "events", "api_tokens")


def asked_by_query(app) -> list[Route]:
    routes = [each for each in all_routes(app) if each.method == "GET" and each.queries]
    assert len(routes) > 15
    return routes


async def counts(owner):
    async with owner.connect() as connection:
        return [(await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar() for table in TABLES]


async def test_no_query_shows_another_companys_things(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    await an_account(owner_engine)
    token = await a_token(owner_engine, ELSEWHERE)
    async with browser(dashboard, authorization=f"Bearer {token}") as client:
        for route in asked_by_query(dashboard):
            for name in route.queries:
                for value in (CODE[1], COMPANY, CONNECTION):
                    answer = await client.get(route.address(), params={name: value})
                    assert answer.status_code < 500, (route, name, value)
                    told = answer.text.replace(route.address(), "").replace(value, "")
                    assert [each for each in THEIRS if each in told] == [], (route, name, value)


async def test_no_query_reaches_the_database_as_code(dashboard, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    await an_account(owner_engine)
    token = await a_token(owner_engine, EVERY_ROLE)
    before = await counts(owner_engine)
    async with browser(dashboard, authorization=f"Bearer {token}") as client:
        for route in asked_by_query(dashboard):
            asked = [dict.fromkeys(route.queries, value) for value in (*CODE, *ODD)]
            if "sort" in route.queries:
                asked += [{"sort": key, "after": place} for key in SortKey for place in PLACES]
            elif "after" in route.queries:
                asked += [{"after": place} for place in PLACES]
            for query in asked:
                answer = await client.get(route.address(), params=query)
                assert answer.status_code < 500, (route, query)
    assert await counts(owner_engine) == before


@pytest.mark.timeout(0 if EXAMPLES else 120)
async def test_no_odd_query_breaks_a_page(dashboard, database_url, owner_engine, worker_engine):
    await a_full_house(owner_engine, worker_engine)
    await an_account(owner_engine)
    token = await a_token(owner_engine, EVERY_ROLE)
    routes = asked_by_query(dashboard)
    async with served(database_url) as address:
        await asyncio.to_thread(explored, address, token, routes)


def explored(address: str, token: str, routes: list[Route]) -> None:
    values = st.sampled_from((*ODD, *CODE, *PLACES)) | st.text(max_size=50) | st.dates().map(str)

    def pairs(route: Route) -> st.SearchStrategy[tuple[Route, list[tuple[str, str]]]]:
        pair = st.tuples(st.sampled_from(route.queries), values)
        return st.tuples(st.just(route), st.lists(pair, min_size=1, max_size=4))

    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30, trust_env=False) as client:

        @settings(max_examples=int(EXAMPLES or 100), derandomize=EXAMPLES is None, database=None)
        @given(st.sampled_from(routes).flatmap(pairs))
        def answers(asked: tuple[Route, list[tuple[str, str]]]) -> None:
            route, query = asked
            answer = client.get(route.address(), params=query)
            assert answer.status_code < 500, (route, query, answer.text[:300])

        answers()
