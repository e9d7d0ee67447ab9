"""What has to be done about a project's hooks, as a table of what stands."""

from dataclasses import replace
from typing import Any

import pytest

from shared.procore.hook_plan import (
    Action,
    Correct,
    Generation,
    Listen,
    Make,
    Remove,
    Standing,
    Unlisten,
    Wanted,
    end_of,
    generation,
    plan,
    plan_removal,
)
from shared.procore.webhook_rows import Hook, Trigger

URL = "https://exports.example.com/webhooks/procore"
WANTED = Wanted("invoice-export", URL, token_ends=("-new1", "-old2"))
ALL = ("create", "update", "delete")


def a_hook(number: int = 7, **changes: Any) -> Hook:
    as_wanted = Hook(str(number), None, "6021", "invoice-export", "v2.0", URL, "active", "-new1")
    return replace(as_wanted, **changes)


def standing(hook: Hook | None = None, reasons: tuple[str, ...] = ALL) -> Standing:
    hook = hook or a_hook()
    triggers = [Trigger(f"{hook.id}{number}", "Payment Applications", each) for number, each in enumerate(reasons)]
    return Standing(hook, tuple(triggers))


FOREIGN = standing(a_hook(1, namespace="another-app", destination_url="https://elsewhere.invalid"), ())
DISABLED = a_hook(status="disabled")
ELSEWHERE = a_hook(destination_url="https://old.example.com/webhooks/procore")
OLD_TOKEN = a_hook(token_end="-old2")
STRANGE_TOKEN = a_hook(token_end="-xxxx")
TWICE = standing(reasons=(*ALL, "update"))
V4 = a_hook(9, payload_version="v4.0")


@pytest.mark.parametrize(
    ("stands", "expected"),
    [
        ([], [Make("v2.0", "there is none")]),
        ([FOREIGN], [Make("v2.0", "there is none")]),
        ([FOREIGN, standing()], []),
        ([standing(a_hook(token_end=None))], []),
        ([standing(a_hook(status=""))], []),
        ([standing(V4)], []),
        ([standing(DISABLED)], [Correct(DISABLED, "it is disabled")]),
        ([standing(ELSEWHERE)], [Correct(ELSEWHERE, "it tells another address")]),
        ([standing(OLD_TOKEN)], [Correct(OLD_TOKEN, "it carries a previous token")]),
        ([standing(STRANGE_TOKEN)], [Correct(STRANGE_TOKEN, "it carries a token that is not one of ours")]),
        ([standing(reasons=("update",))], [Listen(a_hook(), "create"), Listen(a_hook(), "delete")]),
        ([TWICE], [Unlisten(a_hook(), TWICE.triggers[-1])]),
        (
            [standing(a_hook(7)), standing(a_hook(8))],
            [Remove(a_hook(8), "hook 7 is the one that stays", is_replaced=True)],
        ),
        (
            [standing(OLD_TOKEN), standing(a_hook(8))],
            [Remove(OLD_TOKEN, "hook 8 is the one that stays", is_replaced=True)],
        ),
    ],
    ids=[
        "nothing",
        "only another app's",
        "as wanted",
        "token not shown",
        "status not shown",
        "another version, none asked for",
        "disabled",
        "another address",
        "previous token",
        "strange token",
        "triggers missing",
        "a trigger twice",
        "two hooks",
        "the better of two stays",
    ],
)
def test_what_stands_decides_what_is_done(stands: list[Standing], expected: list[Action]) -> None:
    assert plan(WANTED, stands) == expected


def test_a_new_version_stands_before_the_old_goes() -> None:
    wanted = replace(WANTED, payload_version="v4.0")
    why = "another payload version than v4.0"
    assert plan(wanted, [standing()]) == [Make("v4.0", why), Remove(a_hook(), why, is_replaced=True)]
    assert plan(wanted, [standing(), standing(V4)]) == [
        Remove(a_hook(), "hook 9 is the one that stays", is_replaced=True)
    ]


def test_a_rotation_gives_every_hook_its_token() -> None:
    assert plan(WANTED, [standing()], rotate=True) == [Correct(a_hook(), "it is given the current token")]


def test_several_faults_are_one_correction() -> None:
    hook = a_hook(status="disabled", token_end="-old2")
    assert plan(WANTED, [standing(hook)]) == [Correct(hook, "it is disabled, it carries a previous token")]


def test_what_is_not_known_here_is_left() -> None:
    wanted = Wanted("invoice-export", None)
    assert plan(wanted, [standing(replace(ELSEWHERE, token_end="-xxxx"))]) == []


def test_a_removal_leaves_other_apps_alone() -> None:
    assert plan_removal("invoice-export", [FOREIGN, standing(), standing(V4)]) == [
        Remove(a_hook(), "to be removed", is_replaced=False),
        Remove(V4, "to be removed", is_replaced=False),
    ]


def test_another_resource_is_not_one_of_ours() -> None:
    other = Trigger("99", "Prime Contracts", "create")
    stands = standing(reasons=("update", "delete"))
    assert plan(WANTED, [replace(stands, triggers=(*stands.triggers, other))]) == [Listen(a_hook(), "create")]


@pytest.mark.parametrize(
    ("shown", "token_ends", "expected"),
    [
        ("en-1x", ("en-1x", "en-2x"), Generation.CURRENT),
        ("en-2x", ("en-1x", "en-2x"), Generation.PREVIOUS),
        ("other", ("en-1x",), Generation.FOREIGN),
        (None, ("en-1x",), Generation.NOT_SHOWN),
        ("en-1x", (), Generation.NOT_SHOWN),
    ],
)
def test_the_shown_end_tells_the_token(shown: str | None, token_ends: tuple[str, ...], expected: Generation) -> None:
    assert generation(a_hook(token_end=shown), token_ends) is expected


def test_a_short_token_shows_its_scheme_too() -> None:
    assert end_of("a-long-token") == "token"
    assert end_of("abc") == "r abc"


def test_no_end_of_a_token_is_told() -> None:
    assert "-new1" not in repr((WANTED, plan(WANTED, [standing(OLD_TOKEN)]))) + repr(standing())
    assert "-old2" not in repr(plan(WANTED, [standing(OLD_TOKEN)]))
