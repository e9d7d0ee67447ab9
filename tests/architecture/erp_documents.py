"""docs/erps, made from what each adapter says of itself."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from services.export_worker.core.capabilities import Capabilities
from services.export_worker.erp.about import About
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.erp.things_to_know import (
    RETAINAGE,
    Row,
    Section,
    currencies,
    drafts,
    prevented_by,
    sections,
    yes,
)

PAGES = Path(__file__).parents[2] / "docs" / "erps"
OVERVIEW = PAGES / "README.md"
BEGIN = "<!-- made by python -m tests.architecture.documents from what the adapter says of itself -->"
HEAD = (
    "ERP",
    "Way",
    "Owner invoices",
    "Writes",
    "Retainage",
    "Drafts",
    "Doubles prevented by",
    "Attachments",
    "Credits",
    "Currencies",
    "Proven on",
)
INTRODUCTION = """\
# What each ERP takes

One row for each way to use an ERP. Each name leads to a page with what you need first, what it cannot do, what to
consider, every limit, what to map and all settings; `invoice-export connections things-to-know NAME` tells the same for
a connection of yours, with its own settings. `invoice-export connections check NAME` then says what is still missing.
[Sandboxes](../sandboxes.md) tells how to start a stand-in for most of them, or a real Tryton, and how to connect it.
"""


def write_pages() -> None:
    """Every page, and the table over all of them. A page whose adapter is gone is for a person to delete."""
    PAGES.mkdir(exist_ok=True)
    OVERVIEW.write_text(overview(), encoding="utf-8")
    for kind in ADAPTERS:
        page_of(kind).write_text(page(kind), encoding="utf-8")


def page_of(kind: str) -> Path:
    """Where its page is."""
    return PAGES / f"{kind}.md"


def page(kind: str) -> str:
    """The page of one kind of ERP."""
    about = ADAPTERS[kind].about
    lines = [BEGIN, f"# {about.title}", "", f'`adapter = "{kind}"`', ""]
    for section in sections(about):
        lines += [f"## {section.title}", "", *section_lines(section), ""]
    return "\n".join(lines)


def overview() -> str:
    """The table for whoever chooses."""
    rows = [row for kind, known in ADAPTERS.items() for row in overview_rows(kind, known.about)]
    return "\n".join([BEGIN, INTRODUCTION, *table(HEAD, rows), ""])


def overview_rows(kind: str, about: About) -> Iterator[Row]:
    """One for each way to use it; on what it was proven stands in the first."""
    title = f"[{about.title}]({kind}.md)" + (", for trying out only" if about.is_for_trying_out else "")
    for at, (way, one) in enumerate(about.variants.items()):
        yield (
            title,
            way,
            yes(one.exports_owner_invoices),
            writes(one),
            RETAINAGE[one.retainage_shape],
            drafts(one),
            prevented_by(one),
            yes(one.attachments),
            yes(one.negative_totals),
            currencies(one),
            "as above" if at else about.proven_on,
        )


def writes(one: Capabilities) -> str:
    """By the steps' short names."""
    return ", ".join(step.value for step in one.steps)


def section_lines(section: Section) -> Iterator[str]:
    """Sentences as a list, or a table."""
    yield from (f"- {sentence}" for sentence in section.sentences)
    if section.rows:
        yield from table(section.head, section.rows)


def table(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Markdown's."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
