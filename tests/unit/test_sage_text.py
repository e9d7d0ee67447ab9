"""Text for Windows programs: CP1252, one line, no formulas, and never a question mark for a letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.export_worker.erp.sage_file.text import FORMULA_MARKS, Unwritable, free_text, name, written


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("Harbor Branch Library", "Harbor Branch Library"),
        ("Café", "Café"),
        ("Cafe\N{COMBINING ACUTE ACCENT}", "Café"),
        ("Győr", "Gyor"),
        ("Smith – “Sons” … 50 €", "Smith – “Sons” … 50 €"),
        ("non\N{NO-BREAK SPACE}breaking\N{NON-BREAKING HYPHEN}hyphen", "non breaking-hyphen"),
        ("zero\N{ZERO WIDTH SPACE}width", "zerowidth"),
        ("one\r\ntwo\tthree\0four", "one two three four"),
        ("\N{FULLWIDTH DIGIT SEVEN}", "7"),
    ],
)
def test_text_is_written_in_letters_that_windows_knows(text: str, becomes: str) -> None:
    assert written(text, "description") == becomes


@pytest.mark.parametrize("text", ["Łódź", "日本", "😀", "\ud800", "Ω"])
def test_a_letter_that_windows_lacks_is_named(text: str) -> None:
    with pytest.raises(Unwritable) as caught:
        written(text, "description")
    assert repr(text[0]) in caught.value.refused.text
    assert caught.value.refused.field == "description"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", " =1", "\r\n@x", "\N{FULLWIDTH EQUALS SIGN}1"])
def test_nothing_begins_like_a_formula(text: str) -> None:
    assert free_text(text, "description", 50, shorten=True).startswith("'")
    with pytest.raises(Unwritable):
        name(text, "invoice number", 20)


@given(st.text())
def test_any_text_is_safe_or_refused(text: str) -> None:
    try:
        line = free_text(text, "description", 50, shorten=True)
    except Unwritable:
        return
    assert line.encode("cp1252").decode("cp1252") == line
    assert len(line) <= 50
    assert not line.startswith(FORMULA_MARKS)
    assert not set(line) & set("\r\n\t\0")
