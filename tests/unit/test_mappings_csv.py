from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.connections.mapping_csv import read_mappings, write_mappings
from shared.connections.mappings import Mapping, MappingKind, MappingRow

PLAIN = MappingRow("acme", Mapping(kind=MappingKind.CUSTOMER, procore_name="Harbor", erp_id="C1"))
HEADER = "connection,kind,procore_id,procore_name,erp_id,note"


def read(*lines: str, header: str = HEADER, **options):
    return read_mappings("\r\n".join([header, *lines]).encode(), **options)


def test_rows_become_mappings_of_a_connection():
    first, second, third = read(
        'acme,Customer,,"Harbor, Library",C1,the owner',
        "acme,job, project:91835 ,,J1,",
        "acme,retainage account,,,1210,",
    ).rows
    assert (first.connection, first.mapping.kind, first.mapping.note) == ("acme", "customer", "the owner")
    assert (first.mapping.procore_id, first.mapping.procore_name) == (None, "Harbor, Library")
    assert (second.mapping.procore_id, second.mapping.key) == ("91835", "id:91835")
    assert (third.mapping.kind, third.mapping.erp_id) == ("retainage_account", "1210")


@pytest.mark.parametrize(("text", "stored"), [("contract:4821", "contract:4821"), ("Contract : 4821", "contract:4821")])
def test_a_job_may_belong_to_a_contract(text, stored):
    (row,) = read(f"acme,job,{text},,J1,").rows
    assert row.mapping.procore_id == stored


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (",customer,7001,,C1,", "connection"),
        ("acme,,7001,,C1,", "kind"),
        ("acme,vendor,7001,,C1,", "kind"),
        ("acme,customer,,,C1,", "procore_id"),
        ("acme,job,contract:,,J1,", "procore_id"),
        ("acme,job,phase:5,,J1,", "procore_id"),
        (f"acme,customer,{'7' * 201},,C1,", "procore_id"),
        (f"acme,customer,,{'n' * 201},C1,", "procore_name"),
        (f"acme,customer,7001,,{'c' * 201},", "erp_id"),
    ],
)
def test_one_bad_cell_refuses_the_file(line, column):
    result = read("acme,customer,7000,,C0,", line)
    assert [(problem.row, problem.column) for problem in result.problems] == [(3, column)]
    assert result.rows == ()


def test_an_unknown_connection_names_the_nearest():
    assert read("acme,tax,NY,,T1,", connections=["acme"]).rows
    (problem,) = read("acmee,tax,NY,,T1,", connections=["acme", "other"]).problems
    assert problem.message == "no such connection; did you mean acme? (there are: acme, other)"


@pytest.mark.parametrize(
    "again",
    ["acme,customer,,harbor  library,C2,", "acme,customer,,HARBOR LIBRARY,C1,same"],
)
def test_the_same_name_twice_is_a_problem(again):
    (problem,) = read("acme,customer,,Harbor Library,C1,", again, "other,customer,,Harbor Library,C1,").problems
    assert (problem.row, problem.message) == (3, "says the same again as row 2")


def test_a_second_retainage_account_is_a_problem():
    (problem,) = read("acme,retainage_account,,,1210,", "acme,retainage_account,5,x,1220,").problems
    assert problem.row == 3


def test_a_name_column_alone_is_enough():
    assert read("acme,Harbor,C1,customer", header="connection,procore_name,erp_id,kind").rows
    (problem,) = read("acme,C1,customer", header="connection,erp_id,kind").problems
    assert problem.column == "procore_id"


@given(st.text('acme,customer job*:1\n"\0'))
def test_any_content_gives_rows_or_problems(text):
    result = read(text)
    assert bool(result.rows or result.undecided) != bool(result.problems)


def test_a_row_without_an_erp_id_is_counted_only():
    read_file = read("acme,customer,7001,,C1,", "acme,customer,7002,,,not clear", "acme,job,1,,,")
    assert [row.mapping.erp_id for row in read_file.rows] == ["C1"]
    assert (read_file.undecided, read_file.problems) == (2, ())


@pytest.mark.parametrize("kind", ["customer", "job", "account", "item", "tax"])
def test_a_star_stands_for_all_others(kind):
    (row,) = read(f"acme,{kind},*,,C1,").rows
    assert row.mapping.key == "id:*"


TEXTS = st.text("abc'=+-@,\"\n*", max_size=5).map(str.strip)
ROWS = st.builds(
    lambda kind, procore_id, name, erp_id, note: MappingRow(
        "acme", Mapping(kind=kind, procore_id=procore_id or None, procore_name=name, erp_id=erp_id, note=note)
    ),
    st.sampled_from(["customer", "account", "item", "tax"]).map(MappingKind),
    TEXTS,
    st.just("Harbor") | TEXTS.filter(bool),
    TEXTS.filter(bool),
    TEXTS,
)


@given(st.lists(ROWS, min_size=1, max_size=4, unique_by=lambda row: (row.mapping.kind, row.mapping.key)))
def test_what_is_written_reads_back_the_same(rows):
    rows = [row for row in rows if not any("'" in cell[:1] for cell in texts_of(row))] or [PLAIN]
    assert read_mappings(write_mappings(rows).encode()).rows == tuple(rows)


def test_no_cell_is_a_formula_for_a_spreadsheet():
    nasty = MappingRow("acme", replace(PLAIN.mapping, procore_name='=HYPERLINK("x")', note="@sum"))
    (_, line) = write_mappings([nasty]).splitlines()
    assert line == """acme,customer,,"'=HYPERLINK(""x"")",C1,'@sum"""


def texts_of(row):
    mapping = row.mapping
    return (mapping.procore_id or "", mapping.procore_name, mapping.erp_id, mapping.note)
