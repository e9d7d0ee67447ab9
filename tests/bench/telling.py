"""python -m tests.bench.telling NAME ...: put what was measured into docs/proof.md, from `.local/bench/NAME.json`.

Only what is named is renewed: a measurement on a busy machine, or a small one, is nobody's to tell.
"""

import json
import re
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.__main__ import BENCHES
from tests.bench.findings import FOLDER, shown

PAGE = Path(__file__).parents[2] / "docs" / "proof.md"
BEGIN, END = "<!-- measured: made by python -m tests.bench.telling -->\n", "<!-- end of measured -->\n"
SECTION = re.compile(r"^### `make bench ARGS=(\w+)`\n.*?(?=^### |\Z)", flags=re.MULTILINE | re.DOTALL)


def section(found: Mapping[str, Any]) -> str:
    """Its table, with the command, the machine and the day."""
    machine = found["machine"]
    load = " to ".join(f"{each:.1f}" for each in machine["load"])
    where = f"{machine['date'][:10]}, commit {machine['commit']}, {machine['cores']} cores ({machine['system']})"
    lines = [
        f"### `make bench ARGS={found['name']}`",
        "",
        f"{found['title']}. {where}, Python {machine['python']}, load {load}.",
        "",
        "| What | Ours | Beside | Theirs | Ratio | Aim | |",
        "|---|---|---|---|---|---|---|",
        *map(_line, found["rows"]),
        "",
        *(f"- {note}" for note in found["notes"]),
    ]
    return "\n".join(lines).rstrip() + "\n\n"


def renewed(page: str, findings: Sequence[Mapping[str, Any]]) -> str:
    """The page with these sections new, and the others as they were, in the order of the benchmarks."""
    before, _, rest = page.partition(BEGIN)
    measured, _, after = rest.partition(END)
    sections = {found[1]: found[0] for found in SECTION.finditer(measured)}
    sections |= {found["name"]: section(found) for found in findings}
    inside = "".join(sections[name] for name in BENCHES if name in sections)
    return f"{before}{BEGIN}\n{inside}{END}{after}"


def _line(row: Mapping[str, Any]) -> str:
    theirs = shown(statistics.median(row["theirs"])) if row["theirs"] else ""
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
    verdict = "" if row["aim"] is None else "met" if row["is_met"] else "**missed**"
    beside = row["beside"] if row["theirs"] else ""
    cells = (f"{row['what']}, {row['unit']}", shown(row["figure"]), beside, theirs, ratio, row["aim"] or "", verdict)
    return "| " + " | ".join(cells) + " |"


def main(names: Sequence[str]) -> int:
    """2 when one of them was not measured here."""
    missing = [name for name in names if not (FOLDER / f"{name}.json").exists()]
    if missing or not names:
        print(f"name what was measured here; not measured: {', '.join(missing) or 'nothing named'}", file=sys.stderr)
        return 2
    findings = [json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in names]
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), findings), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
