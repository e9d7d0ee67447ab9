"""One word for one thing: names that say nothing, and words that another word of the glossary replaces."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.documents import ROOT

CODE = tuple(path for top in ("services", "shared", "deploy") for path in sorted((ROOT / top).rglob("*.py")))
EMPTY_WORDS = frozenset(
    {"base", "common", "handler", "helper", "helpers", "info", "manager", "misc", "processor", "util", "utils"}
)
OTHERS_WORDS = frozenset(
    {"bill", "callback", "driver", "holdback", "message", "payload", "plugin", "poison", "queue"}
    | {"requisition", "rerun", "resend", "subscription", "sync"}
)
# Procore's name for an owner invoice: its client as a module, a class and a parameter, and the id that tables keep.
PROCORES_NAMES = frozenset(
    {"payment_application_id", "payment_applications", "shared.procore.payment_applications", "PaymentApplications"}
)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_says_nothing_or_another_thing(path: Path) -> None:
    assert [name for name in defined_names(path) if is_forbidden(name, in_product(path))] == []


@pytest.mark.parametrize("name", ["Manager", "EventHandler", "invoice_helper", "do_export", "utils", "ExportQueue"])
def test_a_forbidden_name_is_seen(name: str) -> None:
    assert is_forbidden(in_words(name), in_the_product=True)


def test_procores_words_stay_at_procores_edge() -> None:
    outside = [path for path in CODE if "procore" not in path.parts]
    strays = {(str(path.relative_to(ROOT)), name) for path in outside for name in strays_in(path)}
    assert strays == set()


def defined_names(path: Path) -> Iterator[str]:
    """The module's, its classes' and its functions' names, in words_with_underscores."""
    yield path.parent.name if path.stem == "__init__" else path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield in_words(node.name)


def in_words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def in_product(path: Path) -> bool:
    """The sandboxes speak as Procore, Kafka and the ERPs do: of queues, payloads and bills."""
    return path.relative_to(ROOT).parts[0] in {"services", "shared"}


def is_forbidden(name: str, in_the_product: bool) -> bool:
    words = name.strip("_").split("_")
    forbidden = EMPTY_WORDS | OTHERS_WORDS if in_the_product else EMPTY_WORDS
    return (words[0] == "do" and len(words) > 1) or not forbidden.isdisjoint(words)


def strays_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for name in identifiers(node):
            if "payment_application" in in_words(name) and name not in PROCORES_NAMES:
                yield name


def identifiers(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.ImportFrom(module=str(module)):
            yield module
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.keyword(arg=str(name)):
            yield name
        case ast.alias(name=name):
            yield name
