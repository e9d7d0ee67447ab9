"""Text as Windows programs read it: CP1252, one line, and nothing that a spreadsheet takes for a formula. Pure.

A letter outside CP1252 that is a letter with an accent goes without it (a Hungarian long o becomes o); any other
is refused by name. Nothing becomes a question mark.
"""

import unicodedata

from services.export_worker.core.outcomes import Refusal, Refused

ENCODING = "cp1252"
FORMULA_MARKS = ("=", "+", "-", "@")
LOOKALIKES = {
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{HYPHEN}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{PRIME}": "'",
    "\N{DOUBLE PRIME}": '"',
}
CUT = "..."


class Unwritable(Exception):
    """This content cannot stand in the file; `refused` says why."""

    def __init__(self, refusal: Refusal, text: str, field: str) -> None:
        self.refused = Refused(refusal, text, field)
        super().__init__(text)


def free_text(text: str, field: str, longest: int, *, shorten: bool) -> str:
    """One line; what begins like a formula gets an apostrophe before it. Raises Unwritable."""
    line = written(text, field)
    line = f"'{line}" if line.startswith(FORMULA_MARKS) else line
    if len(line) <= longest:
        return line
    if shorten:
        return line[: longest - len(CUT)].rstrip() + CUT
    raise Unwritable(Refusal.TOO_LONG, f"The {field} is longer than {longest} characters.", field)


def name(text: str, field: str, longest: int) -> str:
    """A number or an id: unchanged or not at all, since another would name something else. Raises Unwritable."""
    if not text:
        raise Unwritable(Refusal.MISSING_FIELD, f"The {field} is missing.", field)
    if len(text) > longest:
        raise Unwritable(Refusal.TOO_LONG, f"The {field} {text!r} is longer than {longest} characters.", field)
    if written(text, field) != text or text.startswith(FORMULA_MARKS):
        told = f"The {field} {text!r} cannot go into the file as it stands: a plain text without = + - @ before it can."
        raise Unwritable(Refusal.UNSUPPORTED, told, field)
    return text


def written(text: str, field: str) -> str:
    """In letters of CP1252, with single blanks. Raises Unwritable."""
    return " ".join("".join(letter_written(letter, field) for letter in composed(text)).split())


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def letter_written(letter: str, field: str) -> str:
    letter = LOOKALIKES.get(letter, letter)
    category = unicodedata.category(letter)
    if category == "Cc" or category.startswith("Z"):
        return " "
    if category == "Cf" or unicodedata.combining(letter):
        return ""
    if fits(letter):
        return letter
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    if plain and fits(plain):
        return plain
    called = unicodedata.name(letter, f"U+{ord(letter):04X}")
    raise Unwritable(Refusal.UNSUPPORTED, f"Sage cannot show {letter!r} ({called}) in the {field}.", field)


def fits(text: str) -> bool:
    try:
        text.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True
