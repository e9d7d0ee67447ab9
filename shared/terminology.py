"""Procore's three point-of-view dictionaries: what the labels say to whom. API names are never changed. Pure.

The rows are those of Procore's page on them; what it does not list (an owner invoice among it) follows from its rows.
'Funding' stands for three words, so a translation cannot be undone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from shared.ledger.words import Status


class Dictionary(StrEnum):
    """From whose point of view the words are chosen."""

    GENERAL_CONTRACTORS = "general_contractors"
    OWNERS = "owners"
    SPECIALTY_CONTRACTORS = "specialty_contractors"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing's name in each dictionary."""

    general_contractors: str
    owners: str
    specialty_contractors: str

    def word(self, dictionary: Dictionary) -> str:
        """Its name there."""
        return str(getattr(self, dictionary.value))


# As Procore's page shows them, in its order.
PAGE: tuple[Row, ...] = (
    Row("Invoicing", "Invoicing", "Progress Billings"),
    Row("Owner", "Funding", "Owner"),
    Row("Owner/Client", "Owner/Client", "GC/Client"),
    Row("Prime Contract Change Order", "Funding Change Order", "Client Contract Change Order"),
    Row("Prime Contracts", "Funding", "Client Contracts"),
    Row("Revenue", "Funding", "Revenue"),
    Row("Subcontract", "Contract", "Subcontract"),
    Row("Subcontractor", "Contractor", "Subcontractor"),
    Row(
        "Subcontractor Schedule of Values (SSOV)",
        "Contractor Schedule of Values (CSOV)",
        "Subcontractor Schedule of Values (SSOV)",
    ),
)
DERIVED: tuple[Row, ...] = (
    Row("Owner Invoice", "Funding Invoice", "Client Invoice"),
    Row("Prime Contracts → Invoices tab", "Funding → Invoices tab", "Client Contracts → Invoices tab"),
    Row("Invoicing → Owner tab", "Invoicing → Funding tab", "Progress Billings → Owner (client) tab"),
    Row("Export Owner Invoices", "Export Funding Invoices", "Export Client Invoices"),
    Row("Subcontractor Invoice", "Contractor Invoice", "Subcontractor Invoice"),
    Row("ERP Integrations", "ERP Integrations", "ERP Integrations"),
    Row("Accounting Approver", "Accounting Approver", "Accounting Approver"),
    Row("Can Push to Accounting", "Can Push to Accounting", "Can Push to Accounting"),
)
# For "show differences".
DIFFERENCES = PAGE + DERIVED

DICTIONARY_NAMES: Mapping[Dictionary, str] = MappingProxyType(
    {
        Dictionary.GENERAL_CONTRACTORS: "General Contractors",
        Dictionary.OWNERS: "Owners",
        Dictionary.SPECIALTY_CONTRACTORS: "Specialty Contractors",
    }
)

# Procore's words for where an export stands (procore.md 2.1); where it has none, ours. No dictionary changes them.
STATUS_WORDS: Mapping[Status, str] = MappingProxyType(
    {
        Status.NONE: "New",
        Status.WAITING: "Ready to Export",
        Status.SKIPPED: "Skipped",
        Status.HELD: "Held",
        Status.EXPORTING: "Exporting",
        Status.RETRYING: "Retrying",
        Status.EXPORTED: "Synced",
        Status.FAILED: "Failed to Export",
    }
)

# What `translate` looks for, besides the plurals. The rows above follow from these.
TERMS: tuple[Row, ...] = (
    Row("Invoicing", "Invoicing", "Progress Billings"),
    Row("Invoicing → Owner tab", "Invoicing → Funding tab", "Progress Billings → Owner (client) tab"),
    Row("Owner", "Funding", "Owner"),
    Row("Owner/Client", "Owner/Client", "GC/Client"),
    Row("Owner Invoice", "Funding Invoice", "Client Invoice"),
    Row("Prime Contract", "Funding", "Client Contract"),
    Row("Prime Contract Change Order", "Funding Change Order", "Client Contract Change Order"),
    Row("Revenue", "Funding", "Revenue"),
    Row("SSOV", "CSOV", "SSOV"),
    Row("Subcontract", "Contract", "Subcontract"),
    Row("Subcontractor", "Contractor", "Subcontractor"),
    Row("Subcontractor Schedule of Values", "Contractor Schedule of Values", "Subcontractor Schedule of Values"),
)
TOOL = "Invoicing"  # in small letters it is a verb
ACRONYMS = frozenset({"GC", "CSOV", "SSOV"})
WITHOUT_PLURAL = "Funding"


def translate(text: str, dictionary: Dictionary) -> str:
    """A label or sentence of ours in another dictionary's words.

    Whole words, the longest term first, in the case in which they stand. What looks like code is left as it is: names
    with underscores, paths, addresses, options, ids, and everything in backticks.
    """
    if dictionary is Dictionary.GENERAL_CONTRACTORS:
        return text
    return PATTERN.sub(lambda found: replacement(found, dictionary), text)


def differing() -> Iterator[Row]:
    """The rows in which the dictionaries do not agree."""
    return (row for row in DIFFERENCES if len({row.general_contractors, row.owners, row.specialty_contractors}) > 1)


def replacement(found: re.Match[str], dictionary: Dictionary) -> str:
    """What stands for one match."""
    term = found["term"]
    if term is None:
        return found[0]
    row = ROWS[in_words(found["singular"])]
    word = row.word(dictionary)
    if word == row.general_contractors or not may_stand_for(row, term):
        return found[0]
    plural = "" if word == WITHOUT_PLURAL else found["plural"] or ""
    return article(found["article"] or "", word) + in_the_case_of(found["singular"], word) + plural


def in_words(term: str) -> str:
    """The key of a term: in lower case, with single spaces."""
    return " ".join(term.lower().split())


def may_stand_for(row: Row, term: str) -> bool:
    """Whether the letters' case is one in which people write this term."""
    words = re.findall(r"[^\W\d_]+", term)
    if row.general_contractors in ACRONYMS:
        return term.removesuffix("s").isupper()
    if row.general_contractors == TOOL and term.islower():
        return False
    return all(word.islower() or word.isupper() or word.istitle() for word in words)


def in_the_case_of(term: str, word: str) -> str:
    """`word` in capitals, as a title, with a capital at its start, or in small letters, as `term` is."""
    if term.isupper() or word in ACRONYMS:
        return word.upper()
    if term.islower():
        return lowered(word)
    rest = re.findall(r"[^\W\d_]+", term)[1:]
    if rest and all(part.islower() for part in rest):
        first, *others = re.split(r"(?<=[ /])", word)
        return first + lowered("".join(others))
    return word


def lowered(words: str) -> str:
    """In small letters, but for the acronyms."""
    return re.sub(r"\w+", lambda part: part[0] if part[0] in ACRONYMS else part[0].lower(), words)


def article(written: str, word: str) -> str:
    """The article that stood before the term, as it sounds before `word`: "an owner", but "a funding"."""
    if not written:
        return ""
    sounds_open = word[0] in "AEIO" or word in ACRONYMS - {"GC", "CSOV"}
    last = ("N" if written[:2] == "AN" else "n") if sounds_open else ""
    return written[0] + last + written[len(written.rstrip()) :]


def _pattern() -> re.Pattern[str]:
    longest_first = sorted(ROWS, key=len, reverse=True)
    terms = "|".join(re.escape(term).replace(r"\ ", r"\s+") for term in longest_first)
    return re.compile(
        r"`[^`]*`|\b[a-z][a-z0-9+.-]*://\S+"
        r"|(?:\b(?P<article>an?\s+))?"
        r"(?<![\w`./@:#$=&?{<\\-])"
        rf"(?P<term>(?P<singular>{terms})(?P<plural>s|\(s\))?)"
        r"(?![\w`@/\\}>=-]|[.:]\w|\"\s*:|\()",
        flags=re.IGNORECASE,
    )


ROWS: Mapping[str, Row] = MappingProxyType({in_words(row.general_contractors): row for row in TERMS})
PATTERN = _pattern()
