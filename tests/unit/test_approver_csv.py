from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.approvers.csv_file import COLUMNS, REQUIRED, read_approvers

NOW = datetime(2026, 3, 31, 17, 0, tzinfo=UTC)
HEADER = "company_id,user_id,name,email,erp_integrations_level,can_push_to_accounting"
ADA = "4907,160586,Ada,ada@harbor.example,Standard,yes"


def read(text: str | bytes):
    content = text if isinstance(text, bytes) else text.encode()
    return read_approvers(content, now=NOW, recorded_by="cli:root")


def places(text: str | bytes) -> list[tuple[int, str]]:
    result = read(text)
    assert result.rows == ()
    return [(problem.row, problem.column) for problem in result.problems]


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_file_of_any_line_ends_is_read(bom, line_end):
    (ada,) = read(bom + line_end.join([HEADER, ADA, ""]).encode()).rows
    assert (ada.company_id, ada.user_id, ada.name) == ("4907", "160586", "Ada")
    assert ada.erp_integrations_level == "standard"
    assert ada.can_push_to_accounting


def test_what_is_left_out_gets_its_default():
    (ada,) = read(f"{HEADER}\n{ADA}").rows
    assert (ada.can_export_owner_invoices, ada.active, ada.source) == (None, True, "csv")
    assert (ada.recorded_at, ada.recorded_by) == (NOW, "cli:root")


def test_columns_come_in_any_order_and_case():
    text = "Source,ACTIVE,Can Push To Accounting,erp_integrations_level,user_id,company_id,,\nR1,No,0,none,1,2,,"
    (record,) = read(text).rows
    assert (record.source, record.active, record.can_push_to_accounting) == ("R1", False, False)
    assert (record.user_id, record.company_id) == ("1", "2")


def test_quotes_formulas_and_huge_ids_are_fine():
    text = f'{HEADER}\n4907,{"9" * 30},"=HYPERLINK(""x""), Ada\nLovelace",,read only,FALSE'
    (record,) = read(text).rows
    assert record.user_id == "9" * 30
    assert record.name == '=HYPERLINK("x"), Ada\nLovelace'


def test_leading_zeros_do_not_make_another_person():
    (record,) = read(f"{HEADER}\n04907,00160586,Ada,,admin,1").rows
    assert (record.company_id, record.user_id) == ("4907", "160586")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T08:30:00Z", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01 10:30:00+02:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
    ],
)
def test_recorded_at_is_read_as_utc(text, moment):
    (record,) = read(f"{HEADER},recorded_at\n{ADA},{text}").rows
    assert record.recorded_at == moment


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("company_id", ""),
        ("company_id", "=1+1"),
        ("user_id", "1.2E+11"),
        ("user_id", "-5"),
        ("user_id", "0"),
        ("user_id", "１２"),
        ("user_id", "9" * 41),
        ("erp_integrations_level", ""),
        ("erp_integrations_level", "owner"),
        ("can_push_to_accounting", ""),
        ("can_push_to_accounting", "maybe"),
        ("can_export_owner_invoices", "n/a"),
        ("active", "2"),
        ("recorded_at", "31.03.2026"),
        ("recorded_at", "2026-03-31T17:00:01Z"),
        ("recorded_at", "0001-01-01T00:00:00+14:00"),
        ("source", "mail of ada@harbor.example"),
        ("name", "A\0da"),
    ],
)
def test_one_bad_cell_is_named_by_place(column, value):
    good = dict(zip(HEADER.split(","), ADA.split(","), strict=True)) | {
        "can_export_owner_invoices": "true",
        "active": "1",
        "recorded_at": "2026-03-01",
        "source": "report",
    }
    bad = good | {"user_id": "7", column: value}
    lines = [",".join(good), ",".join(good.values()), "", ",".join(bad.values())]
    (problem,) = read("\n".join(lines)).problems
    assert (problem.row, problem.column, problem.value) == (4, column, value[:60])
    assert problem.message


def test_all_bad_cells_are_named_at_once():
    assert places(f"{HEADER}\n{ADA}\nx,1,,,owner,maybe\n,2,,,admin,yes") == [
        (3, "company_id"),
        (3, "erp_integrations_level"),
        (3, "can_push_to_accounting"),
        (4, "company_id"),
    ]


def test_two_rows_for_one_person_are_a_problem():
    (problem,) = read(f"{HEADER}\n{ADA}\n4908,160586,,,admin,yes\n{ADA}").problems
    assert (problem.row, problem.message) == (4, "says the same again as row 2")


def test_an_unknown_column_names_the_known_ones():
    (problem,) = read(f"{HEADER},activ\n{ADA},yes").problems
    assert (problem.row, problem.column) == (1, "activ")
    assert "did you mean active?" in problem.message
    assert all(column in problem.message for column in COLUMNS)


def test_missing_and_doubled_columns_are_problems():
    assert places("name,name\nAda,Ada") == [(1, "name"), *((1, column) for column in REQUIRED)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        HEADER.encode(),
        HEADER.encode() + b"\n,,,,,\n",
        HEADER.encode("utf-16"),
        HEADER.encode() + b"\n\xff",
        HEADER.encode() + b'\n"unclosed',
        HEADER.encode() + b"\n" + ADA.encode() + b",more",
        HEADER.encode() + b"\n" + b"9" * 200_000,
    ],
)
def test_a_file_that_is_no_table_is_refused(content):
    assert places(content)


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.text("0123456789,\"\n\r\0ae'=").map(lambda t: f"{HEADER}\n{t}".encode())
)
def test_any_content_gives_rows_or_problems(content):
    result = read(content)
    assert bool(result.rows) != bool(result.problems)


def test_another_company_than_ones_own_is_refused_by_row():
    content = f"{HEADER}\n{ADA}\n4908,160587,Ben,,Standard,no".encode()
    result = read_approvers(content, now=NOW, recorded_by="account:1", companies={"4907"})
    assert [(problem.row, problem.column, problem.value) for problem in result.problems] == [(3, "company_id", "4908")]
