"""Links of the connections file: all that is wrong is told at once, and how many walks a rate allows."""

from typing import Any

import pytest

from services.export_worker.clock import walks_at_once
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.links import make_links
from shared.connections.catalog import Catalog, CatalogErrors
from shared.connections.connection import Connection

SANDBOX: dict[str, Any] = {
    "adapter": "erp_sandbox",
    "finish": "posted",
    "settings": {"url": "http://127.0.0.1:1", "book": "harbor"},
    "secrets": {"client_secret": "env:ERP_SECRET"},
}
ENVIRONMENT = {"ERP_SECRET": "hush-hush"}


def a_connection(name: str, **changes: Any) -> Connection:
    return Connection.model_validate({"name": name, "company_id": "4907"} | SANDBOX | changes)


def mistakes(*connections: Connection) -> list[str]:
    with pytest.raises(CatalogErrors) as caught:
        make_links(Catalog(connections), ENVIRONMENT)
    return str(caught.value).splitlines()


def test_every_mistake_of_every_connection_is_told_at_once():
    harbor = a_connection("harbor", settings={"book": "harbor", "colour": "blue"}, secrets={})
    acme = a_connection("acme", adapter="odoo", settings={"url": "http://a:hush@b", "database": "db", "user": "x"})
    told = mistakes(harbor, a_connection("fine"), acme)
    assert [line.split("; ")[0].split(": ")[:3] for line in told] == [
        ["connection harbor", "settings.url", "is missing"],
        ["connection harbor", "settings.colour", "is not a known key"],
        ["connection harbor", "secrets.client_secret", "is missing"],
        ["connection acme", "settings.url", "holds a user or a password before the @"],
        ["connection acme", "secrets.api_key", "is missing"],
        ["connection acme", "secrets.client_secret", "is not a known key"],
    ]
    assert "connection harbor: settings.url: is missing; give the ERP's address" in told
    assert "hush" not in "".join(told)


def test_odd_settings_are_told_beside_a_secret_that_is_nowhere():
    nowhere = {"client_secret": "env:UNSET"}
    told = mistakes(a_connection("harbor", settings={"book": "b"}, secrets=nowhere), a_connection("b", secrets=nowhere))
    assert [line.split(": ")[:2] for line in told] == [
        ["connection harbor", "settings.url"],
        ["connection harbor", "secrets.client_secret"],
        ["connection b", "secrets.client_secret"],
    ]


def test_a_draft_where_there_are_none_is_told_with_the_rest(tmp_path):
    sage = {"adapter": "sage_file", "secrets": {}, "finish": "draft"}
    files = {"product": "sage_100_contractor", "outbox": str(tmp_path)}
    assert mistakes(a_connection("files", **sage, settings=files), a_connection("harbor", settings={"book": "b"})) == [
        'connection files: finish: is draft, and its ERP has no drafts; set `finish = "posted"`',
        "connection harbor: settings.url: is missing; give the ERP's address",
    ]


@pytest.mark.parametrize(
    ("requests", "concurrency", "walks"), [(None, 4, 4), (600, 50, 40), (60, 4, 4), (45, 4, 3), (15, 4, 1), (29, 1, 1)]
)
def test_no_more_walks_run_than_the_rate_serves(requests, concurrency, walks):
    connection = a_connection("harbor", requests_per_minute=requests, concurrency=concurrency)
    link = make_links(Catalog((connection,)), ENVIRONMENT)["harbor"]
    assert walks_at_once(link) == walks


@pytest.mark.parametrize("kind", ADAPTERS)
def test_a_connection_that_says_no_rate_has_its_adapter_s(kind):
    assert ADAPTERS[kind].pace(None).per_minute == ADAPTERS[kind].requests_per_minute
    assert ADAPTERS[kind].pace(20).per_minute == 20
