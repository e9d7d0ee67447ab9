"""What was measured, as the page tells it."""

from tests.bench.telling import BEGIN, END, renewed, section

DOOR = {
    "name": "door",
    "title": "The door",
    "machine": {
        "date": "2026-11-26T19:58:43+00:00",
        "load": [0.2, 1.1],
        "cores": 2,
        "system": "Linux",
        "python": "3.11.7",
        "commit": "abc",
    },
    "rows": [
        {
            "what": "webhooks",
            "unit": "a second",
            "ours": [300.0, 100.0, 200.0],
            "beside": "a bare one",
            "theirs": [400.0, 500.0, 600.0],
            "figure": 200.0,
            "ratio": 0.34,
            "aim": "≥ 0.4",
            "is_met": False,
        },
        {
            "what": "memory",
            "unit": "MiB",
            "ours": [95.4],
            "beside": "-",
            "theirs": [],
            "figure": 95.4,
            "ratio": None,
            "aim": None,
            "is_met": True,
        },
    ],
    "notes": ["The limit is Python."],
}
EMPTY = f"# Proof\n\n{BEGIN}{END}\nAfter.\n"


def test_a_section_tells_command_machine_and_day() -> None:
    told = section(DOOR)
    assert told.startswith("### `make bench ARGS=door`\n\nThe door. 2026-11-26, commit abc, 2 cores (Linux), ")
    assert "| webhooks, a second | 200 | a bare one | 500 | 0.34 | ≥ 0.4 | **missed** |" in told
    assert "| memory, MiB | 95.4 |  |  |  |  |  |" in told
    assert told.endswith("- The limit is Python.\n\n")


def test_only_what_is_named_is_renewed() -> None:
    both = renewed(renewed(EMPTY, [DOOR | {"name": "pages", "title": "Pages"}]), [DOOR])
    assert both.index("ARGS=door") < both.index("ARGS=pages")
    again = renewed(both, [DOOR | {"title": "The door, again"}])
    assert "The door, again" in again
    assert again.count("###") == 2
    assert again.startswith("# Proof\n\n")
    assert again.endswith(f"{END}\nAfter.\n")
