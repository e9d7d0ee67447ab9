"""Suggesting what in the ERP may stand for what in Procore."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.connections.mappings import MappingKind
from shared.connections.suggestions import SAME_BUT_FOR_FORM, Listed, Wanted, likeness, simplified, suggest

HARBOR = Listed("C-100", "Harbor Library District")


def owner(name: str) -> Wanted:
    return Wanted(MappingKind.CUSTOMER, None, name)


def listed(*names: str) -> list[Listed]:
    return [Listed(f"C-{number}", name) for number, name in enumerate(names, start=1)]


@pytest.mark.parametrize(
    ("name", "erp_id"),
    [
        ("Harbor Library District", "C-100"),
        ("  HARBOR library-district. ", "C-100"),
        ("Harbor Library District, Inc.", "C-100"),
        ("The Harbor Library District L.L.C.", "C-100"),
        ("Hárbor Library District", "C-100"),
        ("C-100", "C-100"),
        ("Harbour Library District", "C-100"),
        ("District Library Harbor", "C-100"),
        ("Harbor Library", ""),
        ("Ironside Steel", ""),
        ("Inc.", ""),
        ("...", ""),
    ],
)
def test_one_name_is_found_or_left_open(name: str, erp_id: str) -> None:
    (found,) = suggest([owner(name)], [HARBOR, Listed("C-200", "Northgate School Board")])
    assert found.erp_id == erp_id


@pytest.mark.parametrize(
    ("name", "names", "erp_id"),
    [
        ("Alder Street Inc", ("Alder Street LLC", "Alder Street Corp"), ""),
        ("Alder Street LLC", ("Alder Street LLC", "Alder Street Corp"), "C-1"),
        ("Alder Street Offices", ("Alder Street Office", "Alder Street Officer"), ""),
        ("Alder Street Offices", ("Alder Street Offices", "Alder Street Officez"), "C-1"),
        ("Northgate Building 1", ("Northgate Building 2",), ""),
        ("Smith & Sons", ("Smith and Sons",), "C-1"),
        ("O'Brien", ("OBrien Co.",), "C-1"),
    ],
)
def test_what_is_not_clear_stays_empty(name: str, names: tuple[str, ...], erp_id: str) -> None:
    (found,) = suggest([owner(name)], listed(*names))
    assert found.erp_id == erp_id
    assert "C-1" in found.note or found.erp_id or "comes near" in found.note


def test_the_note_names_the_candidates_with_their_scores() -> None:
    (found,) = suggest([owner("Alder Street Inc")], listed("Alder Street LLC", "Alder Street Corp"))
    assert found.note == "not clear, perhaps C-1 'Alder Street LLC' (99); C-2 'Alder Street Corp' (99)"


def test_a_project_is_found_by_its_number() -> None:
    project = Wanted(MappingKind.JOB, "91835", "Library", also=("26-014",))
    (found,) = suggest([project], [Listed("26-014", "Harbor branch"), Listed("26-015", "Libraries")])
    assert (found.erp_id, found.score) == ("26-014", 100)


def test_an_exact_name_beats_a_similar_one() -> None:
    similar, exact = suggest([owner("Harbour Library District"), owner("Harbor Library District")], [HARBOR])[::-1]
    assert (exact.wanted.procore_name, exact.erp_id) == ("Harbor Library District", "C-100")
    assert (similar.erp_id, similar.note.startswith("not clear: C-100 is more like 'Harbor Library District'")) == (
        "",
        True,
    )


def test_one_customer_for_two_owners_is_marked() -> None:
    first, second = suggest([owner("HARBOR Library District"), owner("Harbor Library District")], [HARBOR])
    assert (first.erp_id, second.erp_id) == ("C-100", "C-100")
    assert first.note.startswith("also suggested for 'Harbor Library District'")
    assert second.note.startswith("also suggested for 'HARBOR Library District'")


def test_a_customer_that_is_taken_is_marked() -> None:
    exact, similar = suggest(
        [owner("Harbor Library District"), owner("Harbour Library Districts")], [HARBOR], {"C-100": "Old Harbor"}
    )
    assert (exact.erp_id, similar.erp_id) == ("C-100", "")
    assert exact.note.startswith("C-100 stands for 'Old Harbor' already")


def test_many_cost_codes_may_share_an_account() -> None:
    codes = [Wanted(MappingKind.ACCOUNT, code, "Concrete") for code in ("03-100", "03-200")]
    found = suggest(codes, [Listed("4000", "Concrete")])
    assert [(one.erp_id, one.note) for one in found] == [("4000", "the same name: 'Concrete' (100)")] * 2


WORDS = ("Harbor", "Harbour", "Library", "District", "Alder", "Inc", "LLC", "The", "1", "2")
NAMES = st.lists(st.sampled_from(WORDS), max_size=4)
TITLES = NAMES.map(" ".join)
OWNERS = st.lists(TITLES.map(owner), max_size=6, unique=True)
LISTS = st.lists(st.builds(Listed, st.sampled_from("ABCDEF"), TITLES), max_size=6, unique_by=lambda one: one.id)


@given(OWNERS, LISTS, st.randoms())
def test_the_order_of_what_is_given_does_not_matter(wanted: list[Wanted], entries: list[Listed], dice) -> None:
    shuffled = [dice.sample(each, len(each)) for each in (wanted, entries)]
    assert suggest(*shuffled) == suggest(wanted, entries)


@given(OWNERS, LISTS)
def test_no_customer_serves_two_owners_unmarked(wanted: list[Wanted], entries: list[Listed]) -> None:
    found = suggest(wanted, entries)
    filled = [one for one in found if one.erp_id]
    for one in filled:
        shared = [other for other in filled if other.erp_id == one.erp_id]
        assert len(shared) == 1 or one.note.startswith("also suggested for")
    assert {one.wanted for one in found} == set(wanted)


@given(OWNERS, LISTS)
def test_nothing_is_suggested_over_a_better_one(wanted: list[Wanted], entries: list[Listed]) -> None:
    for one in suggest(wanted, entries):
        scores = sorted((likeness(one.wanted, entry) for entry in entries), reverse=True)
        if one.erp_id:
            (chosen,) = (entry for entry in entries if entry.id == one.erp_id)
            assert likeness(one.wanted, chosen) == scores[0]
        elif scores and scores[0] >= SAME_BUT_FOR_FORM:
            assert scores[1:2] == scores[:1] or "more like" in one.note


@given(st.text(), st.text())
def test_any_two_names_have_a_likeness(name: str, other: str) -> None:
    score = likeness(owner(name), Listed("", other))
    assert 0 <= score <= 100
    assert simplified(simplified(name)) == simplified(name)
