"""What people have to know about an ERP, as sections: for the terminal and for docs/erps alike. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step
from services.export_worker.erp.about import About
from services.export_worker.erp.setting_words import setting_rows
from shared.connections.mappings import MappingKind

STEPS = {
    Step.CREATE: "create the document",
    Step.FINISH: "post it",
    Step.RECLASSIFY: "move the retainage by a second entry",
    Step.SETTLE: "tie that entry to the invoice",
}
RETAINAGE = {
    RetainageShape.NET_LINE: "a line of the invoice, below zero when held, so that the invoice shows what is owed now",
    RetainageShape.GROSS_PLUS_RECLASS_ENTRY: (
        "the invoice is gross, and a second entry moves the retainage to its own account; it needs work to bill"
    ),
    RetainageShape.NATIVE_FIELD: "a field of the ERP's own for retainage",
    RetainageShape.CHARGE_ROW: "a row of charges below the lines, which lowers what is owed now",
    RetainageShape.UNSUPPORTED: "not possible: an invoice with retainage is held",
}
Row = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A heading with sentences, or with a table; never empty."""

    title: str
    sentences: tuple[str, ...] = ()
    head: Row = ()
    rows: tuple[Row, ...] = ()


def sections(about: About, variants: Mapping[str, Capabilities] | None = None) -> list[Section]:
    """In the order in which one needs them. `variants` are a connection's own instead of the kind's."""
    told = variants or about.variants
    proven = [f"Versions: {about.versions.removesuffix('.')}.", f"Proven on: {about.proven_on.removesuffix('.')}."]
    if about.is_for_trying_out:
        proven.insert(0, "For trying out only: this is no ERP.")
    found = [
        Section("What it is", tuple(proven)),
        Section("What you need first", about.prerequisites),
        Section("What it cannot do", about.limitations),
        Section("What to consider", about.considerations),
        Section("What it can, and its limits", (), ("", *told), tuple(capability_rows(told.values()))),
        Section("What to map", (), ("Kind", "Its ERP id is", "Needed"), tuple(mapping_rows(about, told.values()))),
        Section("Settings", (), ("Key", "Meaning", "Value", "Default"), tuple(setting_rows(about.settings))),
        Section("Secrets", (), ("Key", "Meaning", "Value", "Default"), tuple(setting_rows(about.secrets))),
    ]
    return [one for one in found if one.sentences or one.rows]


def capability_rows(told: Iterable[Capabilities]) -> Iterator[Row]:
    """One row for each thing that it can or cannot, one column for each of `told`."""
    columns = [dict(capability_lines(one)) for one in told]
    for what in columns[0]:
        yield (what, *(column[what] for column in columns))


def capability_lines(one: Capabilities) -> Iterator[tuple[str, str]]:
    """Every capability and limit, in words."""
    yield "Takes owner invoices", yes(one.exports_owner_invoices)
    yield "What is written, in order", ", then ".join(STEPS[step] for step in one.steps)
    yield "Drafts", drafts(one)
    yield "A changed draft is overwritten", yes(one.replaces_drafts)
    yield "Found again by our reference", found_again(one)
    yield "Refuses a second document with our reference", yes(one.unique_key)
    yield "Answers a repeated request with the first document", yes(one.replay_key)
    proven = f"{seconds(one.absence_proven_after_start)} after the step began"
    yield "After a lost answer, nothing there is believed", proven
    yield "A step is given up after", seconds(one.call_time_limit)
    yield "Retainage", RETAINAGE[one.retainage_shape]
    yield "Totals below zero", yes(one.negative_totals)
    yield "Totals of 0.00", yes(one.zero_totals)
    yield "Tax with an invoice", yes(one.takes_tax)
    yield "Currencies", currencies(one)
    yield "Longest invoice number", f"{one.max_number_length:,} characters"
    yield "Longest description", f"{one.max_text_length:,} characters"
    yield "Attachments", yes(one.attachments)
    yield "Tells its open days", "yes" if one.tells_open_days else "no: `first_open_day` does not fit"


def mapping_rows(about: About, told: Iterable[Capabilities]) -> Iterator[Row]:
    """Every kind of mapping that the ERP knows."""
    needing = list(told)
    for kind in MappingKind:
        needed = sum(kind.value in one.required_mappings for one in needing)
        if kind.value in about.mappings or needed:
            words = "yes" if needed == len(needing) else "in some ways of using it" if needed else "no"
            yield f"`{kind}`", about.mappings.get(kind.value, ""), words


def prevented_by(one: Capabilities) -> str:
    """What keeps one invoice from becoming two documents."""
    ways = ["a look-up before each create"] if one.can_look_up else ["a person, when an answer is lost"]
    if one.unique_key:
        ways.append("a unique key in the ERP")
    if one.replay_key:
        ways.append("a replay key")
    return ", ".join(ways)


def drafts(one: Capabilities) -> str:
    """Whether a person may do the posting in the ERP."""
    return "yes" if Step.FINISH in one.steps else 'no: set `finish = "posted"`'


def found_again(one: Capabilities) -> str:
    """And how far behind the ERP's own look-up may be."""
    if not one.can_look_up:
        return "no: after a lost answer a person has to look"
    return f"yes, up to {seconds(one.look_up_staleness)} late" if one.look_up_staleness else "yes"


def currencies(one: Capabilities) -> str:
    """By their codes."""
    return "any" if one.currencies is None else ", ".join(sorted(one.currencies))


def yes(answer: object) -> str:
    """In one word."""
    return "yes" if answer else "no"


def seconds(span: timedelta) -> str:
    """In seconds, as settings have it."""
    return f"{span.total_seconds():g} s"
