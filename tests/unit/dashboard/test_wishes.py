"""What a person may ask, as it goes into the ledger."""

import pytest
from pydantic import ValidationError

from services.ledger_dashboard.api.orders import Replays
from services.ledger_dashboard.asking.wishes import Acceptance, Confirmation, Release, Replay, Resolution

CONFIRMED = {"why": "done", "erp_number": "4711"}


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


@pytest.mark.parametrize("never_kept", ["4\x00711", "4711\x00", "\ud8004711"])
@pytest.mark.parametrize(
    ("kind", "fine", "name"),
    [
        (Confirmation, CONFIRMED, "why"),
        (Confirmation, CONFIRMED, "erp_number"),
        (Confirmation, CONFIRMED, "fingerprint"),
        (Resolution, {"why": "done"}, "erp_number"),
        (Replay, {"why": "done"}, "invoice_number"),
        (Acceptance, {"why": "done"}, "warning"),
        (Replays, {"why": "done", "ids": [1]}, "why"),
    ],
)
def test_a_text_that_no_database_keeps_is_refused(kind, fine, name, never_kept):
    assert kind.model_validate(fine | {name: "47\n11"})
    with pytest.raises(ValidationError, match=name):
        kind.model_validate(fine | {name: never_kept})
