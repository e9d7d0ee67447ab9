"""The documents for people say what the code does: commands, words, links and drawings."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

import services.export_worker.metrics  # noqa: F401 - registers what it counts
from services.export_worker.core.outcomes import Refusal
from services.webhook_receiver.metrics import Outcome
from shared.approvers.rule import ApproverProblem
from shared.database import Role, metadata
from shared.ledger.words import NEXT_STEP, Reason
from tests.architecture.documents import README, ROOT, STATE, command_table, commands, state_document, with_part

DOCUMENTS = tuple(path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(DOCUMENTS)}
CHANGES = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
NO_EVENTS = (".py", ".md", ".toml", ".env", ".svg", ".csv", ".yml", ".yaml", ".lock", ".sh", ".pem", ".v1", ".cli")


def named(text: str) -> Iterator[str]:
    """What stands in code quotes or code blocks, line by line; a line's continuation belongs to it."""
    for block in re.findall(r"^```.*?\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def calls(text: str, program: str) -> Iterator[list[str]]:
    for line in named(text):
        for found in re.findall(rf"(?:^|[\s;&|]){re.escape(program)} ([^;&|#]+)", line.replace("\\|", "/")):
            yield shlex.split(found)


def called(words: list[str]) -> tuple[Any, list[str]]:
    """The command that these words call, or None, and the options given to it."""
    known = commands()
    if words[0] == "--words":  # the one option that stands before a command
        words = words[2:]
    for length in (3, 2, 1):
        name = " ".join(words[:length])
        if name in known:
            return known[name], [word.partition("=")[0] for word in words[length:] if word.startswith("--")]
    return None, []


@pytest.mark.parametrize("document", TEXTS)
def test_every_command_in_a_document_exists(document: str) -> None:
    for words in calls(TEXTS[document], "invoice-export"):
        command, options = called(words)
        assert command is not None, f"invoice-export {' '.join(words)}"
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(options) - {"--help"} <= known, f"invoice-export {' '.join(words)}"


@pytest.mark.parametrize("document", TEXTS)
def test_every_verb_of_make_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    verbs = {words[0] for words in calls(TEXTS[document], "make")}
    assert verbs <= targets


def test_the_readme_lists_every_command() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_part(text, "commands", command_table()), "run python -m tests.architecture.documents"


def test_the_state_drawing_is_not_stale() -> None:
    assert STATE.read_text(encoding="utf-8") == state_document(), "run python -m tests.architecture.documents"


@pytest.mark.parametrize("document", TEXTS)
def test_links_to_local_files_resolve(document: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[document]):
        path, _, anchor = target.partition("#")
        if ":" in path:
            continue
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_documents_named_in_the_code_exist() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for top in ("services", "shared", "deploy") for path in code_below(top)
    )
    named_there = re.findall(r"\bdocs/[\w/.-]+\.md(?:#[\w-]+)?", source)
    assert "docs/runbook.md#dead-letters" in named_there
    for name in named_there:
        path, _, anchor = name.partition("#")
        assert (ROOT / path).exists(), name
        assert not anchor or anchor in anchors(ROOT / path), name


def test_the_architecture_names_every_table() -> None:
    written_by = TEXTS["ARCHITECTURE.md"].partition("\n| Table | Written by |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| ([\w, ]+) \|", written_by, flags=re.MULTILINE)
    assert sorted(name for row in told for name in row.split(", ")) == sorted(metadata.tables)


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_reason_has_a_section_in_the_runbook() -> None:
    headings = re.findall(r"^### `(\w+)`$", TEXTS["docs/runbook.md"], flags=re.MULTILINE)
    assert sorted(headings) == sorted(Reason)


def test_every_reason_tells_what_to_do_next() -> None:
    assert set(NEXT_STEP) == set(Reason)
    assert all(sentence.endswith(".") for sentence in NEXT_STEP.values())


def test_refusals_and_approver_problems_are_reasons() -> None:
    assert {refusal.value for refusal in Refusal} <= {reason.value for reason in Reason}
    assert {problem.value for problem in ApproverProblem} <= {reason.value for reason in Reason}


def test_glossary_words_are_unique() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\* \|", TEXTS["GLOSSARY.md"], flags=re.MULTILINE)
    single = [word.strip().lower() for each in words for word in each.split(",")]
    assert len(single) > 30
    assert [word for word in single if single.count(word) > 1] == []


@pytest.mark.parametrize("document", TEXTS)
def test_every_metric_in_a_document_exists(document: str) -> None:
    known = {exposed for metric in REGISTRY.collect() for exposed in exposed_names(metric.name)}
    told = "\n".join(named(TEXTS[document]))
    assert set(re.findall(r"\b(?:export_worker|invoice_export)_\w+", told)) <= known | set(Role)


def exposed_names(name: str) -> Iterator[str]:
    yield from (name, f"{name}_total", f"{name}_count", f"{name}_bucket", f"{name}_sum")


def test_every_log_event_in_the_runbook_exists() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for top in ("services", "shared") for path in code_below(top))
    outcomes = {f"webhook.{outcome}" for outcome in Outcome}
    for word in named(TEXTS["docs/runbook.md"]):
        if re.fullmatch(r"[a-z]+\.[a-z_]+", word) and not word.endswith(NO_EVENTS):
            assert word in outcomes or f'"{word}"' in source, word


def code_below(top: str) -> Iterator[Path]:
    yield from (ROOT / top).rglob("*.py")


def test_the_changelog_uses_the_known_headings() -> None:
    text = TEXTS["CHANGELOG.md"]
    assert re.search(r"^## \[Unreleased\]$", text, flags=re.MULTILINE)
    assert set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE)) <= CHANGES
