"""What a newer version wrote is told from what is damaged."""

import pytest
from pydantic import ValidationError

from services.export_worker.core.document import document_from_json
from shared.ledger.entries import body_from_json, body_to_json
from shared.ledger.state import EMPTY, state_from_json
from shared.ledger.versions import WrittenByNewer
from tests.support.builders import a_document
from tests.support.ledgers import held_for

HELD = body_to_json(held_for())
STATE = EMPTY.model_dump(mode="json")
DOCUMENT = a_document().model_dump(mode="json")


@pytest.mark.parametrize(
    ("read", "stored", "where"),
    [
        (body_from_json, HELD | {"of_tomorrow": 1}, "of_tomorrow"),
        (body_from_json, HELD | {"kind": "of_tomorrow"}, "an entry of this kind"),
        (body_from_json, HELD | {"look": HELD["look"] | {"of_tomorrow": 1}}, "look.of_tomorrow"),
        (body_from_json, HELD | {"findings": [{"reason": "of_tomorrow"}]}, "findings.0.reason"),
        (state_from_json, STATE | {"of_tomorrow": None}, "of_tomorrow"),
        (state_from_json, STATE | {"status": "of_tomorrow"}, "status"),
        (state_from_json, STATE | {"follow_ups": {"of_tomorrow": {}}}, "follow_ups.of_tomorrow"),
        (document_from_json, DOCUMENT | {"of_tomorrow": "x"}, "of_tomorrow"),
    ],
)
def test_what_is_unknown_here_is_of_a_newer_version(read, stored, where):
    with pytest.raises(WrittenByNewer, match=where):
        read(stored)


@pytest.mark.parametrize(
    ("read", "stored"),
    [
        (body_from_json, {}),
        (body_from_json, []),
        (body_from_json, HELD | {"findings": 1}),
        (body_from_json, HELD | {"findings": 1, "of_tomorrow": 1}),
        (body_from_json, HELD | {"kind": None}),
        (body_from_json, HELD | {"findings": [{"reason": 5}]}),
        (state_from_json, STATE | {"version": "many"}),
        (state_from_json, STATE | {"status": None}),
        (document_from_json, DOCUMENT | {"lines": None}),
    ],
)
def test_what_is_damaged_is_of_no_version(read, stored):
    with pytest.raises(ValidationError):
        read(stored)


def test_what_this_version_wrote_is_read():
    assert body_to_json(body_from_json(HELD)) == HELD
    assert state_from_json(STATE) == EMPTY
    assert document_from_json(DOCUMENT) == a_document()
