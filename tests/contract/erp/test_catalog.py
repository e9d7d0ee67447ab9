"""Adapters by name, and settings that stop the start with one clear line each."""

import pytest

from services.export_worker.core.outcomes import LookUpFailure
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.catalog import ADAPTERS, make_adapter, settings_problems
from services.export_worker.erp.http import HttpSettings
from shared.connections.problems import CatalogErrors

SETTINGS = {"url": "http://127.0.0.1:1", "book": "main"}
SECRETS = {"client_secret": "hush"}
KEYS = ADAPTERS["erp_sandbox"].about.settings.model_fields
OVER_HTTP = [name for name, one in ADAPTERS.items() if issubclass(one.about.settings, HttpSettings)]


async def test_an_adapter_is_made_by_its_name() -> None:
    adapter: ErpAdapter = make_adapter("erp_sandbox", Place("main", SETTINGS, SECRETS))
    assert adapter.capabilities.exports_owner_invoices
    answer = await adapter.find("a:b:1:0")
    assert isinstance(answer, LookUpFailure)
    assert "cannot be reached" in answer.text
    await adapter.close()


def test_an_unknown_adapter_names_the_known_ones() -> None:
    with pytest.raises(CatalogErrors, match=r"main: adapter: there is no adapter 'quickbooks'; there are erp_sandbox"):
        make_adapter("quickbooks", Place("main", SETTINGS, SECRETS))


def test_each_wrong_setting_has_one_clear_line() -> None:
    with pytest.raises(CatalogErrors) as caught:
        make_adapter("erp_sandbox", Place("main", {"url": "ftp://x", "colour": "blue", "atachments": False}, {}))

    assert set(str(caught.value).splitlines()) == {
        "connection main: settings.url: has another form; see docs/erps/erp_sandbox.md",
        "connection main: settings.book: is missing; give which of its books",
        f"connection main: settings.colour: is not a known key; the known ones are {', '.join(KEYS)}",
        "connection main: settings.atachments: is not a known key; did you mean attachments?",
        "connection main: secrets.client_secret: is missing; give what the book was opened with",
    }


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(CatalogErrors, match=r"connection main: secrets\.client_secret: is missing"):
        make_adapter("erp_sandbox", Place("main", SETTINGS, {}))


def test_a_wrong_secret_s_value_is_never_told() -> None:
    with pytest.raises(CatalogErrors, match=r"secrets\.client_secrets: .*did you mean client_secret") as caught:
        make_adapter("erp_sandbox", Place("main", SETTINGS, {"client_secrets": "hush"}))
    assert "hush" not in str(caught.value)


def test_a_settling_time_shorter_than_a_call_is_refused() -> None:
    hasty = SETTINGS | {"settles_after_seconds": 10, "read_timeout_seconds": 30}
    with pytest.raises(CatalogErrors, match="connection main: settings: settles_after_seconds must be at least 35"):
        make_adapter("erp_sandbox", Place("main", hasty, SECRETS))


@pytest.mark.parametrize("kind", OVER_HTTP)
def test_no_adapter_takes_a_log_in_in_an_address(kind: str) -> None:
    addresses = [name for name in ADAPTERS[kind].about.settings.model_fields if name.endswith("url")]
    assert addresses
    for address in ("https://ada:hush@erp.example/", "http://hush@erp.example"):
        found = [*settings_problems(kind, "main", dict.fromkeys(addresses, address))]
        told = [one for one in found if "before the @" in one.what]
        assert [one.key for one in told] == [f"settings.{name}" for name in addresses]
        assert "hush" not in str(found)


def test_an_at_sign_in_a_path_is_no_log_in() -> None:
    assert [*settings_problems("erp_sandbox", "main", SETTINGS | {"url": "https://erp.example/@acme"})] == []


def test_every_adapter_has_a_plain_name() -> None:
    assert all(name.isidentifier() for name in ADAPTERS)
