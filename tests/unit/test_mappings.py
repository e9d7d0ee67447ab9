import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.connections.mappings import Mapping, MappingKind, Mappings

CUSTOMER, JOB, ACCOUNT = MappingKind.CUSTOMER, MappingKind.JOB, MappingKind.ACCOUNT


def mapped(kind: MappingKind, erp_id: str, procore_id: str | None = None, name: str = "") -> Mapping:
    return Mapping(kind=kind, erp_id=erp_id, procore_id=procore_id, procore_name=name)


texts = st.text(st.sampled_from("aAéßİ 1"), max_size=4)
entries = st.builds(
    Mapping,
    kind=st.sampled_from(MappingKind),
    erp_id=st.sampled_from(["C1", "C2"]),
    procore_id=st.none() | st.sampled_from(["1", "2"]),
    procore_name=texts,
    note=texts,
)


@pytest.mark.parametrize(
    "name",
    ["Harbor Library District", "  harbor  LIBRARY\tdistrict", "Harbor\u00a0Library District", "7001"],
)
def test_a_customer_is_found_by_name_or_id(name):
    mappings = Mappings((mapped(CUSTOMER, "C1", "7001", "Harbor Library District"),))
    assert mappings.customer(name) == "C1"


def test_accents_match_however_they_are_composed():
    mappings = Mappings((mapped(CUSTOMER, "C1", name="Cafe\u0301 Stra\u00dfe"),))
    assert mappings.customer("CAF\u00c9 STRASSE") == "C1"


def test_what_is_not_mapped_answers_none():
    mappings = Mappings((mapped(CUSTOMER, "C1", "7001", "Harbor"),))
    assert mappings.customer("Harbour") is None
    assert mappings.customer("") is None
    assert mappings.job("7001", "7001") is None
    assert mappings.account("Harbor") is None
    assert mappings.retainage_account() is None


def test_an_id_wins_over_a_name_that_looks_like_it():
    mappings = Mappings((mapped(CUSTOMER, "by-name", name="7001"), mapped(CUSTOMER, "by-id", "7001")))
    assert mappings.customer("7001") == "by-id"


def test_a_name_with_two_answers_is_never_guessed():
    two = (mapped(CUSTOMER, "C1", "1", "Harbor"), mapped(CUSTOMER, "C2", "2", "HARBOR"))
    assert Mappings(two).customer("Harbor") is None
    assert Mappings((*two, mapped(CUSTOMER, "C1", "3", "harbor"))).customer("Harbor") is None
    assert Mappings(two).customer("2") == "C2"


def test_a_contract_with_its_own_job_wins():
    mappings = Mappings((mapped(JOB, "J-project", "55"), mapped(JOB, "J-contract", "contract:55")))
    assert mappings.job("55", "55") == "J-contract"
    assert mappings.job("55", "56") == "J-project"
    assert mappings.job("55", None) == "J-project"
    assert mappings.job("54", "54") is None


def test_a_star_serves_codes_without_their_own():
    mappings = Mappings((mapped(ACCOUNT, "4000", "*"), mapped(ACCOUNT, "4100", "03-300")))
    assert mappings.account("03-300") == "4100"
    assert mappings.account("09-900") == "4000"
    assert mappings.account(None) == "4000"


def test_items_and_tax_codes_are_looked_up_alike():
    mappings = Mappings((mapped(MappingKind.ITEM, "I1", "03-300"), mapped(MappingKind.TAX, "T1", name="NY")))
    assert (mappings.item("03-300"), mappings.item(None)) == ("I1", None)
    assert (mappings.tax("ny"), mappings.tax(None)) == ("T1", None)


def test_a_connection_has_one_retainage_account():
    one = mapped(MappingKind.RETAINAGE_ACCOUNT, "1210")
    assert Mappings((one,)).retainage_account() == "1210"
    assert one.key == mapped(MappingKind.RETAINAGE_ACCOUNT, "1220", "5", "anything").key


@given(st.lists(entries))
def test_the_version_ignores_order_and_notes(mappings):
    silent = [Mapping(**{**vars(entry), "note": "n"}) for entry in reversed(mappings)]
    assert Mappings(tuple(mappings)).version == Mappings(tuple(silent)).version


@given(st.lists(entries, min_size=1), st.data())
def test_the_version_changes_with_any_answer(mappings, data):
    changed = list(mappings)
    place = data.draw(st.integers(0, len(mappings) - 1))
    changed[place] = Mapping(**{**vars(changed[place]), "erp_id": "other"})
    assert Mappings(tuple(mappings)).version != Mappings(tuple(changed)).version


@given(entries)
def test_one_mapping_is_found_by_what_it_names(entry):
    found = Mappings((entry,)).find(entry.kind, entry.procore_id or entry.procore_name)
    assert found == (entry.erp_id if entry.procore_id or entry.procore_name.split() else None)
