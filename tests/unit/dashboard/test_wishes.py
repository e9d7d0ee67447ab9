"""What a person may ask, as it goes into the ledger."""

import pytest
from pydantic import ValidationError

from services.ledger_dashboard.api.orders import Replays
from services.ledger_dashboard.asking.wishes import Confirmation, Release, Replay, Resolution


@pytest.mark.parametrize("kind", [Release, Replay, Resolution, Replays])
@pytest.mark.parametrize("why", ["", "  ", "\x00", " \x00 ", "x" * 501])
def test_a_reason_is_one_that_can_be_kept(kind, why):
    with pytest.raises(ValidationError, match="why"):
        kind.model_validate({"why": why})


@pytest.mark.parametrize("given", [0, 1, "true", "no", None])
def test_what_is_not_true_or_false_starts_nothing(given):
    for kind, name in ((Replay, "dry_run"), (Replay, "afresh"), (Resolution, "dismissed"), (Replays, "dry_run")):
        with pytest.raises(ValidationError, match=name):
            kind.model_validate({"why": "x", name: given})


def test_no_text_holds_what_no_database_keeps():
    asked = Confirmation(why="done\x00", erp_number="4\x00711", fingerprint="f\x00")
    assert (asked.why, asked.erp_number, asked.fingerprint) == ("done", "4711", "f")
    assert Resolution(why="done", erp_number="4\x00711").erp_number == "4711"
    assert Replay(why="\ud800done", invoice_number="1\x00").invoice_number == "1"
    assert Replays(why="\x00x", ids=[1]).why == "x"
