"""docs/erps says what the adapters say of themselves."""

import pytest

from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.erp.setting_words import undescribed
from shared.connections.mappings import MappingKind
from tests.architecture.erp_documents import OVERVIEW, PAGES, overview, page, page_of

ANEW = "run python -m tests.architecture.documents"


@pytest.mark.parametrize("kind", ADAPTERS)
def test_the_page_of_an_erp_is_not_stale(kind: str) -> None:
    assert page_of(kind).exists(), ANEW
    assert page_of(kind).read_text(encoding="utf-8") == page(kind), ANEW


def test_the_table_over_all_erps_is_not_stale() -> None:
    assert OVERVIEW.read_text(encoding="utf-8") == overview(), ANEW


def test_no_page_outlives_its_adapter() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {OVERVIEW.stem} == set(ADAPTERS)


@pytest.mark.parametrize("kind", ADAPTERS)
def test_every_setting_of_an_adapter_is_described(kind: str) -> None:
    about = ADAPTERS[kind].about
    missing = [
        f"{kind}: {model.__name__}.{key} has no description: write it as Field(..., description=...)"
        for model in (about.settings, about.secrets)
        for key in undescribed(model)
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("kind", ADAPTERS)
def test_every_needed_mapping_says_what_its_id_is(kind: str) -> None:
    about = ADAPTERS[kind].about
    needed = {word for one in about.variants.values() for word in one.required_mappings}
    assert needed <= set(about.mappings)
    assert set(about.mappings) <= set(MappingKind)


@pytest.mark.parametrize("kind", ADAPTERS)
def test_an_erp_says_all_that_people_must_know(kind: str) -> None:
    about = ADAPTERS[kind].about
    assert all((about.variants, about.prerequisites, about.limitations, about.considerations, about.mappings))
    sentences = (*about.prerequisites, *about.limitations, *about.considerations)
    assert [text for text in sentences if not text.endswith((".", ")"))] == []
