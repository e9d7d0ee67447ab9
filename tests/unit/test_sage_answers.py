"""What Sage's import reports say, in our own words beside Sage's."""

import pytest

from services.export_worker.core.outcomes import Refusal
from services.export_worker.erp.sage_file.answers import REFUSALS, SENTENCES, refused

REPORTS = {
    "Duplicate Invoice encountered. Invoice # must be unique": Refusal.DUPLICATE_NUMBER,
    "Invoice already exists": Refusal.DUPLICATE_NUMBER,
    "Posting period 10 is not open": Refusal.PERIOD_CLOSED,
    "Invalid accounting date": Refusal.PERIOD_CLOSED,
    "Customer HARBOR is not on file": Refusal.MISSING_MAPPING,
    "Job 2601 is closed": Refusal.MISSING_MAPPING,
    "Description is too long": Refusal.TOO_LONG,
    "Due date is required": Refusal.MISSING_FIELD,
    "Record is locked by ADA": Refusal.NOT_ALLOWED,
}


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_of_sage_s_comes_with_a_sentence_of_ours(report):
    told = refused(report)
    assert told.refusal is REPORTS[report]
    assert told.text == f"{SENTENCES[told.refusal]}, then replay. Sage says: {report}"


def test_every_class_that_sage_refuses_with_has_its_sentence():
    assert set(SENTENCES) == {refusal for _, refusal in REFUSALS} | {Refusal.NOT_ALLOWED} == set(REPORTS.values())
    assert len(set(SENTENCES.values())) == len(SENTENCES)
