"""What to know of an ERP, told without asking it."""

import json

import pytest

from services.export_worker.erp.catalog import ADAPTERS
from tests.support.command_line import answered


@pytest.mark.parametrize("kind", ADAPTERS)
def test_every_adapter_tells_what_to_know(invoke, kind):
    told = invoke("connections", "things-to-know", "--adapter", kind)
    assert (told.exit_code, told.stderr) == (0, "")
    about = ADAPTERS[kind].about
    words = " ".join(told.stdout.split())
    for sentence in (about.title, *about.prerequisites, *about.limitations, *about.considerations):
        assert " ".join(sentence.split()) in words
    for section in ("What it can, and its limits", "What to map", "Settings"):
        assert f"\n{section}\n" in told.stdout
    assert all(f"│ {name} " in told.stdout for name in about.settings.model_fields)


def test_a_connections_own_settings_count(invoke, connections_file):
    connections_file(
        '[[connection]]\nname = "acme"\ncompany_id = 4907\nadapter = "erp_sandbox"\n'
        'settings = {{ url = "http://127.0.0.1:1", book = "b", negative_totals = true, currencies = ["CAD", "USD"] }}\n'
        'secrets = {{ client_secret = "env:ERP_SECRET" }}\n'
    )
    told = answered(invoke("connections", "things-to-know", "acme", "--json"))
    (limits,) = (one for one in told["sections"] if one["title"] == "What it can, and its limits")
    assert limits["head"] == ["", "acme"]
    rows = dict(limits["rows"])
    assert (rows["Totals below zero"], rows["Currencies"], rows["Totals of 0.00"]) == ("yes", "CAD, USD", "no")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "Name a connection, or --adapter with a kind of ERP.\n"),
        (["acme", "--adapter", "erp_sandbox"], "Name a connection, or --adapter with a kind of ERP.\n"),
        (["--adapter", "sap"], "There is no adapter 'sap'; there are: "),
        (["acme"], "There is no connection 'acme'"),
    ],
)
def test_what_nobody_knows_is_one_line(invoke, words, told):
    stopped = invoke("connections", "things-to-know", *words)
    assert (stopped.exit_code, stopped.stdout) == (2, "")
    assert stopped.stderr.startswith(told)


def test_the_json_holds_what_the_text_does(invoke):
    told = invoke("connections", "things-to-know", "--adapter", "erp_sandbox", "--json").stdout
    assert json.loads(told)["sections"][0]["sentences"][0] == "For trying out only: this is no ERP."
