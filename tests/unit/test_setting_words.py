"""Settings in words."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from services.export_worker.erp.setting_words import setting_rows, undescribed


class Colour(StrEnum):
    RED = "red"
    TAB = "\t"


class Inner(BaseModel):
    width: int = 3


class Outer(BaseModel):
    flag: bool = False
    many: Annotated[int, Field(gt=0)] = 5
    share: float = 90
    place: Path | None = None
    colour: Colour = Colour.RED
    word: Literal["a", "b"] = "a"
    words: frozenset[str] = frozenset({"z", "y"})
    order: tuple[Colour, ...] = (Colour.RED,)
    inner: Inner | None = None
    hidden: Annotated[SecretStr, Field(min_length=1)] = Field(description="a word")
    either: int | str = ""


class Later(Outer):
    hidden: SecretStr = Field(SecretStr("x"))


ROWS = {key: (meaning, kind, default) for key, meaning, kind, default in setting_rows(Outer)}


@pytest.mark.parametrize(
    ("key", "kind", "default"),
    [
        ("flag", "true or false", "`false`"),
        ("many", "a whole number", "`5`"),
        ("share", "a number", "`90`"),
        ("place", "a path", "none"),
        ("colour", "`red`, '\\t'", "`red`"),
        ("word", "`a`, `b`", "`a`"),
        ("words", "a list, each text", "`y`, `z`"),
        ("order", "a list, each `red`, '\\t'", "`red`"),
        ("inner", "a table", "none"),
        ("inner.width", "a whole number", "`3`"),
        ("hidden", "a secret", "required"),
        ("either", "a whole number or text", "empty"),
    ],
)
def test_a_setting_tells_kind_and_default(key, kind, default):
    assert ROWS[f"`{key}`"][1:] == (kind, default)


def test_what_nobody_described_is_named():
    assert "inner.width" in undescribed(Outer)
    assert "hidden" not in undescribed(Outer)


def test_a_replaced_setting_keeps_its_description():
    assert "hidden" not in undescribed(Later)


def test_an_annotation_without_words_is_refused():
    class Odd(BaseModel):
        what: complex = 1j

    with pytest.raises(ValueError, match="no words for"):
        list(setting_rows(Odd))
