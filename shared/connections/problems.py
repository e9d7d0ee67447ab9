"""What is wrong with a connections file, in lines that say what to do and never show a secret. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.connections.connection import Connection

LONGEST_EXCERPT = 40
OWN_WORDS = {
    "string_pattern_mismatch": "has another form",
    "string_too_short": "is empty",
    "string_type": "is not a text in quotes",
    "too_short": "is empty",
    "tuple_type": "is not a list",
    "int_type": "is not a whole number",
    "bool_type": "is neither true nor false",
    "dict_type": "is not a table",
}


@dataclass(frozen=True)
class CatalogProblem:
    """One mistake: where (file, connection, key), what it is, and what to do about it."""

    source: str
    connection: str
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.source, self.connection, self.key) if part)
        return f"{place}: {self.what}; {self.remedy}"


class CatalogErrors(Exception):
    """The connections cannot be used. Its text is one line for each mistake."""

    def __init__(self, problems: Collection[CatalogProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def explain(error: ValidationError, source: str, connection: str) -> Iterator[CatalogProblem]:
    """Pydantic's findings on one [[connection]] as lines of ours."""
    for detail in error.errors(include_url=False):
        key = ".".join(str(part) for part in detail["loc"])
        what, remedy = wording(detail)
        yield CatalogProblem(source, connection, key, what, remedy)


def wording(detail: ErrorDetails) -> tuple[str, str]:
    field = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        return unknown(field, Connection.model_fields)
    description = Connection.model_fields[field].description
    if detail["type"] == "missing":
        return "is missing", f"give {description}"
    if detail["type"] == "enum":
        return f"is {str(detail['input'])[:LONGEST_EXCERPT]!r}", f"give {description}"
    if field == "secrets":
        return literal_or_odd(detail), f"give {description}"
    return own_words(detail), f"give {description}"


def unknown(key: str, known: Collection[str]) -> tuple[str, str]:
    """For a key that nothing reads; only its name is shown, as its value may be anything."""
    nearest = get_close_matches(key, known, n=1)
    if nearest:
        return "is not a known key", f"did you mean {nearest[0]}?"
    return "is not a known key", f"the known ones are {', '.join(known)}"


def literal_or_odd(detail: ErrorDetails) -> str:
    return own_words(detail) if len(detail["loc"]) > 1 else "is not a table of names and references"


def own_words(detail: ErrorDetails) -> str:
    if detail["type"] in OWN_WORDS:
        return OWN_WORDS[detail["type"]]
    return detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
