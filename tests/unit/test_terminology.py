"""The three dictionaries: each row of Procore's page, in every case in which people write it, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.words import Reason, Status
from shared.terminology import (
    DERIVED,
    DICTIONARY_NAMES,
    DIFFERENCES,
    PAGE,
    STATUS_WORDS,
    TERMS,
    Dictionary,
    differing,
    translate,
)

GENERAL, OWNERS, SPECIALTY = Dictionary
ALL_ROWS = [(row, dictionary) for row in DIFFERENCES for dictionary in Dictionary]
SENTENCES = {
    "The owner invoice of a prime contract": (
        "The funding invoice of a funding",
        "The client invoice of a client contract",
    ),
    "An owner invoice": ("A funding invoice", "A client invoice"),
    "Ask an Owner, or an owner": ("Ask a Funding, or a funding", "Ask an Owner, or an owner"),
    "AN OWNER INVOICE": ("A FUNDING INVOICE", "A CLIENT INVOICE"),
    "an Owner/Client": ("an Owner/Client", "a GC/Client"),
    "Owner/client, owner/client, OWNER/CLIENT": (
        "Owner/client, owner/client, OWNER/CLIENT",
        "GC/client, GC/client, GC/CLIENT",
    ),
    "Prime contract change orders": ("Funding change orders", "Client contract change orders"),
    "prime contract change order 3": ("funding change order 3", "client contract change order 3"),
    "Prime Contracts, prime contracts": ("Funding, funding", "Client Contracts, client contracts"),
    "The owner's invoices; owners pay": ("The funding's invoices; funding pay", "The owner's invoices; owners pay"),
    "the owner(s)": ("the funding", "the owner(s)"),
    "Owner: Harbor Library District.": ("Funding: Harbor Library District.", "Owner: Harbor Library District."),
    "Held for the owner.": ("Held for the funding.", "Held for the owner."),
    "Subcontractor invoices of SUBCONTRACTORS": (
        "Contractor invoices of CONTRACTORS",
        "Subcontractor invoices of SUBCONTRACTORS",
    ),
    "an SSOV, two SSOVs": ("a CSOV, two CSOVs", "an SSOV, two SSOVs"),
    "Subcontractor schedule of values": ("Contractor schedule of values", "Subcontractor schedule of values"),
    "Revenue and revenues": ("Funding and funding", "Revenue and revenues"),
    "The Invoicing tool is for invoicing": (
        "The Invoicing tool is for invoicing",
        "The Progress Billings tool is for invoicing",
    ),
    "owner\n  invoice": ("funding invoice", "client invoice"),
    "«Owner» (owner), “owner”": ("«Funding» (funding), “funding”", "«Owner» (owner), “owner”"),
    "<b>Owner</b>": ("<b>Funding</b>", "<b>Owner</b>"),
}
UNTOUCHED = [
    "payment_application",
    "payment_applications.owner",
    "owner_id",
    "ownerInvoice",
    "OwnerInvoice",
    "oWner",
    "ownership",
    "homeowner",
    "subcontracted",
    "revenue-2026",
    "owner-12",
    "pre-owner",
    "#owner",
    "@owner",
    "$owner",
    "{owner}",
    "{{ owner }}".replace(" ", ""),
    "<owner>",
    "<owner/>",
    "owner=12",
    "?by=owner",
    "--owner",
    "owner()",
    "owner.name",
    "owner:12",
    '{"owner": 12}',
    "`owner`",
    "`the owner invoice`",
    "/owner/12",
    "exports/owner",
    "owner@example.com",
    "https://example.com/owner",
    "https://example.com/?next=(owner)",
    "x\\owner\\y",
]
NEVER_CHANGED = [
    "ERP Integrations",
    "Accounting Approver",
    "Can Push to Accounting",
    "Contract",
    "Contractor",
    "Change Order",
    "Client",
    "Funding",
    *STATUS_WORDS.values(),
    *Status,
    *Reason,
    "Approved",
    "Under Review",
    "Revise & Resubmit",
    "Draft",
    "Ready to Export",
    "Failed to Export",
]
code = st.from_regex(r"[a-z]{1,8}(_[a-z]{1,8}){1,3}|/[a-z/]{1,20}|`[a-z ]{1,20}`|[a-z]{1,6}-[0-9]{1,6}", fullmatch=True)
words = st.sampled_from(
    ["the", "of", "waits", "3", "—", *(row.general_contractors for row in TERMS)]
    + [row.general_contractors.lower() + "s" for row in TERMS if " " not in row.general_contractors]
)


@pytest.mark.parametrize(("row", "dictionary"), ALL_ROWS, ids=lambda one: getattr(one, "general_contractors", one))
def test_each_row_reads_as_procores_page_says(row, dictionary):
    assert translate(row.general_contractors, dictionary) == row.word(dictionary)


@pytest.mark.parametrize(("text", "translations"), SENTENCES.items())
def test_a_sentence_keeps_its_case_and_articles(text, translations):
    assert (translate(text, OWNERS), translate(text, SPECIALTY)) == translations


@pytest.mark.parametrize("text", UNTOUCHED)
@pytest.mark.parametrize("dictionary", Dictionary)
def test_what_looks_like_code_is_left_alone(text, dictionary):
    assert translate(text, dictionary) == text
    assert translate(f"See {text} there", dictionary) == f"See {text} there"


@pytest.mark.parametrize("text", NEVER_CHANGED)
@pytest.mark.parametrize("dictionary", Dictionary)
def test_rights_and_statuses_are_never_changed(text, dictionary):
    assert translate(text, dictionary) == text
    assert translate(text.lower(), dictionary) == text.lower()


def test_all_nine_rows_of_the_page_are_there():
    assert len(PAGE) == 9
    assert [row.owners for row in PAGE].count("Funding") == 3
    assert {row.general_contractors for row in DERIVED} >= {"Owner Invoice", "Export Owner Invoices"}


def test_the_differences_leave_out_what_agrees():
    shown = list(differing())
    assert all(len({row.general_contractors, row.owners, row.specialty_contractors}) > 1 for row in shown)
    assert "Accounting Approver" not in {row.general_contractors for row in shown}
    assert len(shown) == len(DIFFERENCES) - 3


def test_every_status_and_dictionary_has_a_word():
    assert set(STATUS_WORDS) == set(Status)
    assert set(DICTIONARY_NAMES) == set(Dictionary)
    assert [STATUS_WORDS[one] for one in (Status.WAITING, Status.EXPORTED, Status.FAILED)] == [
        "Ready to Export",
        "Synced",
        "Failed to Export",
    ]


@given(st.text())
def test_general_contractors_read_every_text_as_written(text):
    assert translate(text, GENERAL) == text


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Z", "S"])), st.sampled_from(Dictionary))
def test_a_text_without_terms_stays_as_it_is(text, dictionary):
    terms = "|".join(re.escape(row.general_contractors) for row in TERMS)
    if not re.search(terms, text, flags=re.IGNORECASE):
        assert translate(text, dictionary) == text


@given(st.lists(code), st.sampled_from(Dictionary))
def test_code_is_never_changed_among_words(codes, dictionary):
    text = " then ".join(codes)
    assert translate(text, dictionary) == text


@given(st.lists(words), st.sampled_from(Dictionary))
def test_no_word_of_the_general_contractors_remains(parts, dictionary):
    told = translate(", ".join(parts), dictionary)
    gone = {row.general_contractors for row in TERMS if row.word(dictionary) != row.general_contractors}
    kept = {"Owner/Client"} if dictionary is OWNERS else {"Owner (client)"}
    for shown in kept:
        told = told.replace(shown, "").replace(shown.lower(), "")
    assert {term for term in gone if re.search(rf"\b{re.escape(term)}\b", told)} == set()


@given(st.lists(words), st.sampled_from(Dictionary))
def test_a_translation_translated_again_stays(parts, dictionary):
    told = translate(", ".join(parts), dictionary)
    assert translate(told, dictionary) == told
