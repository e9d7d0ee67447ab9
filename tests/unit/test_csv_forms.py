"""A form's fields are read by the same rules as a file's row."""

from functools import partial

from shared.connections.csv_table import read_form
from shared.connections.mapping_csv import mapping_row


def test_a_form_is_read_as_a_row():
    cells = {"connection": "harbor", "kind": "Job", "procore_id": " 91835 ", "erp_id": "J1"}
    (row,) = read_form(cells, partial(mapping_row, connections=None)).rows
    assert (row.mapping.procore_id, row.mapping.erp_id) == ("91835", "J1")


def test_every_bad_field_of_a_form_is_named():
    cells = {"connection": "harbor", "kind": "jobs", "procore_name": "a\0b", "erp_id": "1"}
    problems = read_form(cells, partial(mapping_row, connections=None)).problems
    assert {(each.row, each.column) for each in problems} == {(0, "kind"), (0, "procore_name")}
