"""What lacks a mapping: the sentence that is written is the one that is read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.connections.mappings import ANY_OTHER, Mapping, MappingKind, Mappings
from shared.connections.missing import (
    Missing,
    code_missing,
    customer_missing,
    job_missing,
    read_missing,
    retainage_missing,
    stands_now,
    tax_missing,
)

K = MappingKind
OWNER = Missing(K.CUSTOMER, procore_name="Harbor Library District")


@given(st.text(min_size=1))
def test_an_owner_of_any_name_is_read_back(owner):
    assert read_missing(customer_missing(owner)) == Missing(K.CUSTOMER, procore_name=owner)


@given(st.from_regex(r"[1-9][0-9]{0,20}", fullmatch=True))
def test_a_project_is_read_back(project_id):
    assert read_missing(job_missing(project_id)) == Missing(K.JOB, project_id)


@given(st.text(min_size=1).filter(lambda code: code != "none"), st.sampled_from([K.ACCOUNT, K.ITEM]))
def test_a_cost_code_of_any_form_is_read_back(code, kind):
    assert read_missing(code_missing(code, kind)) == Missing(kind, code)


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        (code_missing(None, K.ACCOUNT), Missing(K.ACCOUNT, ANY_OTHER)),
        (code_missing("", K.ITEM), Missing(K.ITEM, ANY_OTHER)),
        (tax_missing(), Missing(K.TAX, ANY_OTHER)),
        (retainage_missing(), Missing(K.RETAINAGE_ACCOUNT)),
    ],
)
def test_what_has_no_id_is_read_back(sentence, missing):
    assert read_missing(sentence) == missing


@pytest.mark.parametrize(
    "sentence",
    ["", "Account 4711 does not exist in Tryton.", "the owner 'a' 'b has no customer in the ERP", "the owner '' + ''"],
)
def test_the_words_of_an_erp_are_left_alone(sentence):
    assert read_missing(sentence) is None


@pytest.mark.parametrize(
    ("missing", "mapping"),
    [
        (OWNER, Mapping(kind=K.CUSTOMER, procore_name="harbor library  district", erp_id="7")),
        (OWNER, Mapping(kind=K.CUSTOMER, procore_id=ANY_OTHER, erp_id="7")),
        (Missing(K.JOB, "91835"), Mapping(kind=K.JOB, procore_id="91835", erp_id="7")),
        (Missing(K.ACCOUNT, "03-300"), Mapping(kind=K.ACCOUNT, procore_id="03-300", erp_id="7")),
        (Missing(K.ITEM, ANY_OTHER), Mapping(kind=K.ITEM, procore_id=ANY_OTHER, erp_id="7")),
        (Missing(K.TAX, ANY_OTHER), Mapping(kind=K.TAX, procore_id=ANY_OTHER, erp_id="7")),
        (Missing(K.RETAINAGE_ACCOUNT), Mapping(kind=K.RETAINAGE_ACCOUNT, erp_id="7")),
    ],
)
def test_what_is_mapped_meanwhile_is_told(missing, mapping):
    assert stands_now(missing, Mappings()) is None
    assert stands_now(missing, Mappings((mapping,))) == "7"


def test_a_mapping_of_another_code_serves_no_line_without_one():
    mapped = Mappings((Mapping(kind=K.ACCOUNT, procore_id="03-300", erp_id="7"),))
    assert stands_now(Missing(K.ACCOUNT, ANY_OTHER), mapped) is None
