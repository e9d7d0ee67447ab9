"""The parts of the documents that are made from the code: `python -m tests.architecture.documents` writes them."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from services.cli.main import app
from shared.ledger.transitions import CLOSES_TO, TRANSITIONS
from shared.ledger.words import Closing, EntryKind, Status
from tests.architecture.erp_documents import write_pages

ROOT = Path(__file__).parents[2]
STATE = ROOT / "docs" / "state.md"
README = ROOT / "README.md"
OPEN = frozenset(TRANSITIONS[EntryKind.ATTEMPT_OPENED])
OPEN_NODE = "open"
Edges = dict[tuple[str, Status], list[str]]


def main() -> None:
    """Write docs/state.md, docs/erps and the README's table of commands."""
    STATE.write_text(state_document(), encoding="utf-8")
    README.write_text(with_part(README.read_text(encoding="utf-8"), "commands", command_table()), encoding="utf-8")
    write_pages()


def commands() -> dict[str, Any]:
    """Every command by the words that call it, such as "exports list"."""
    return dict(_commands(typer.main.get_command(app), ()))


def command_table() -> str:
    """One row for each command, with the first paragraph of its help."""
    rows = [f"| `invoice-export {words}` | {_first_paragraph(command.help)} |" for words, command in commands().items()]
    return "\n".join(["| Command | Does |", "|---|---|", *rows])


def with_part(text: str, name: str, content: str) -> str:
    """`text` with what stands between the two marks of `name` replaced. Raises ValueError without the marks."""
    begin, end = f"<!-- {name}: made by python -m tests.architecture.documents -->", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"the marks of {name} are missing")
    return f"{before}{begin}\n{content}\n{end}{after}"


def state_document() -> str:
    """docs/state.md: the drawing and the tables, from the dictionary that the fold obeys."""
    parts = [
        "# The states of an export",
        "",
        "Made from `shared/ledger/transitions.py` and `shared/ledger/words.py`; write it anew with",
        "`python -m tests.architecture.documents`. A test compares. What each reason asks of a person is in the",
        "[runbook](runbook.md).",
        "",
        "```mermaid",
        *drawing(),
        "```",
        "",
        f"*{OPEN_NODE}* stands for any of {_words(sorted_statuses(OPEN))}:",
        "an arrow that leaves it may begin at each of them. An entry that moves nothing has no arrow.",
        "",
        "## Statuses",
        "",
        *_table(("Status", "Means"), [(f"`{one}`", told) for one, told in _explained(Status)]),
        "",
        "## Entries",
        "",
        *_table(("Entry", "From", "To"), [row for kind in EntryKind for row in _rows_of(kind)]),
        "",
        "## How an attempt closes",
        "",
        *_table(
            ("Closing", "Means", "To"),
            [
                (f"`{one}`", told.partition(": ")[0], f"`{CLOSES_TO[Closing(one)]}`")
                for one, told in _explained(Closing)
            ],
        ),
        "",
    ]
    return "\n".join(parts)


def drawing() -> Iterator[str]:
    """Mermaid's lines."""
    yield "stateDiagram-v2"
    yield f"    state {OPEN_NODE} <<choice>>"
    for status in sorted_statuses(OPEN):
        yield f"    {status} --> {OPEN_NODE}"
    for (before, after), names in edges().items():
        yield f"    {before} --> {after} : {', '.join(names)}"


def edges() -> Edges:
    """The arrows with the entries that cause them; those that all open statuses share begin at their common node."""
    found: Edges = defaultdict(list)
    for kind, moves in TRANSITIONS.items():
        for after in sorted_statuses(frozenset[Status]().union(*moves.values())):
            sources = {before for before, targets in moves.items() if after in targets}
            for before in starts(sources, after):
                found[before, after].append(kind.value)
    return found


def starts(sources: set[Status], after: Status) -> Iterator[str]:
    """Where arrows to `after` begin; none where the entry leaves the status as it is."""
    if sources >= OPEN:
        yield OPEN_NODE
        sources = sources - OPEN
    for before in sorted_statuses(sources - {after}):
        yield "[*]" if before is Status.NONE else before.value


def sorted_statuses(statuses: Iterable[Status]) -> list[Status]:
    """In the order in which they are declared."""
    return sorted(statuses, key=list(Status).index)


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words), command
        return
    for name, one in inner.items():
        yield from _commands(one, (*words, name))


def _first_paragraph(text: str | None) -> str:
    paragraph = " ".join((text or "").partition("\n\n")[0].split())
    return paragraph.replace("|", "\\|")


def _rows_of(kind: EntryKind) -> Iterator[tuple[str, str, str]]:
    grouped: dict[frozenset[Status], list[Status]] = defaultdict(list)
    for before, targets in TRANSITIONS[kind].items():
        grouped[targets].append(before)
    unmoved = [sources[0] for targets, sources in grouped.items() if targets == set(sources)]
    for targets, sources in grouped.items():
        if len(unmoved) == 1 or targets != set(sources):
            yield f"`{kind}`", _words(sorted_statuses(sources)), _words(sorted_statuses(targets))
    if len(unmoved) > 1:
        yield f"`{kind}`", _words(sorted_statuses(unmoved)), "the same"


def _words(statuses: Iterable[Status]) -> str:
    return ", ".join(f"`{status}`" for status in statuses)


def _explained(words: type[StrEnum]) -> list[tuple[str, str]]:
    """Each member's value with the comment beside it, where it is declared."""
    return re.findall(r'= "(\w+)"  # (.+)', inspect.getsource(words))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns = list(head)
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


if __name__ == "__main__":
    main()
