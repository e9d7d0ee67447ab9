"""What goes over Procore's wire: ids, bodies, times, error texts, pages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.procore.errors import NotAnId, Unreadable
from shared.procore.paging import has_next, rows_of
from shared.procore.wire import dump_json, error_text, house_id, instant, load_json, path_of, wire_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
)


@pytest.mark.parametrize(
    "odd", ["", "1/../2", "..", "12a", "-1", "+1", "1 ", "1?x=1", "²", "٣", "%31", "1\n", "1_0", "9" * 21, 12, None]
)
def test_only_digits_ever_become_an_id(odd: Any):
    with pytest.raises(NotAnId):
        wire_id(odd)
    with pytest.raises(NotAnId):
        path_of("/projects/{project_id}", {"project_id": odd})


@given(st.text())
def test_a_path_never_gets_another_segment(text: str):
    try:
        path = path_of("/projects/{project_id}/users", {"project_id": text})
    except NotAnId:
        return
    assert path == f"/projects/{int(text)}/users"


def test_ids_keep_all_their_64_bits():
    assert wire_id("18446744073709551615") == 2**64 - 1
    assert house_id(2**63) == "9223372036854775808"
    assert [house_id(odd) for odd in (None, True, 1.5, [])] == [""] * 4


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_amounts_pass_the_wire_unchanged(amount: Decimal):
    assert load_json(f'{{"tax": {amount}}}'.encode()) == {"tax": amount}
    assert load_json(dump_json({"tax": amount, "on": date(2026, 4, 30)})) == {"tax": str(amount), "on": "2026-04-30"}


@pytest.mark.parametrize("odd", [b"", b"<html>", b"NaN", b"[Infinity]", b"\xff", b"[" * 9999, b"1" * 5000])
def test_what_is_not_json_is_unreadable(odd: bytes):
    with pytest.raises(Unreadable):
        load_json(odd)


def test_what_procore_cannot_read_is_not_written():
    with pytest.raises(TypeError):
        dump_json({"fields": object()})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"errors": "Tool is off."}', "Tool is off."),
        (b'{"errors": {"status": ["is wrong", "is old"], "base": ["no"]}}', "status: is wrong; is old; base: no"),
        (b'{"error": {"code": 422, "message": "Locked", "details": []}}', "code: 422; Locked"),
        (b'{"message": "Not found"}', "Not found"),
        (b'{"error": "invalid_client", "error_description": "Failed."}', "invalid_client; Failed."),
        (b"<h1>Bad\r\n gateway</h1>", "<h1>Bad gateway</h1>"),
        (b"", "no text"),
        (b"null", "None"),
        (b'{"errors": [[[[["deep"]]]]]}', "…"),
    ],
)
def test_every_error_body_becomes_one_line(body: bytes, text: str):
    assert error_text(body) == text


@given(JSON)
def test_any_error_body_becomes_a_short_line(body: Any):
    text = error_text(str(body).encode(errors="replace"))
    assert 0 < len(text) <= 301
    assert text.isprintable()


@pytest.mark.parametrize("body", [b'{"errors": {"sent": ["Bearer s3cret"]}}', b"Bearer s3cret " * 99])
def test_a_secret_never_stays_in_an_error(body: bytes):
    text = error_text(body, conceal=["s3cret", ""])
    assert "s3cret" not in text
    assert "Bearer ***" in text


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-05-04T13:20:41.512034Z", datetime(2026, 5, 4, 13, 20, 41, 512034, UTC)),
        ("2026-05-04T15:20:41+02:00", datetime(2026, 5, 4, 13, 20, 41, tzinfo=UTC)),
        ("2026-05-04T13:20:41", datetime(2026, 5, 4, 13, 20, 41, tzinfo=UTC)),
        ("yesterday", None),
        (None, None),
        (1777900000, None),
    ],
)
def test_times_are_aware_utc_or_nothing(text: Any, when: datetime | None):
    assert instant(text) == when


@pytest.mark.parametrize(
    ("headers", "count", "goes_on"),
    [
        ({"link": '<https://x/?page=2>; rel="next", <https://x/?page=9>; rel="last"'}, 0, True),
        ({"link": '<https://x/?page=1>; rel="first"', "total": "999"}, 10, False),
        ({"total": "31", "per-page": "10"}, 10, True),
        ({"total": "30", "per-page": "10"}, 10, False),
        ({"total": "31"}, 10, True),
        ({"total": "31"}, 0, False),
        ({"total": "many"}, 10, True),
        ({}, 10, True),
        ({}, 9, False),
    ],
)
def test_a_listing_goes_on_as_its_headers_say(headers: dict[str, str], count: int, *, goes_on: bool):
    assert has_next(headers, page=3, per_page=10, count=count) is goes_on


@pytest.mark.parametrize("body", [None, "rows", {"rows": []}, {"data": {}}, [1], [{}, None]])
def test_a_page_is_a_list_of_objects(body: Any):
    with pytest.raises(Unreadable):
        rows_of(body)
    assert rows_of({"data": [{"id": 1}]}) == rows_of([{"id": 1}])
