from datetime import date
from decimal import Decimal

import pytest

from shared.connections.catalog import Catalog, CatalogErrors, load_catalog
from shared.connections.connection import Connection, VerifyWhen

SMALLEST = """
[[connection]]
name = "acme-sage"
company_id = 4907
adapter = "sandbox"
"""
SECRET = "hunter2-s3cr3t"


@pytest.fixture
def load(tmp_path):
    def load(text: str | bytes, **options) -> Catalog:
        path = tmp_path / "connections.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_catalog(path, **options)

    return load


@pytest.fixture
def mistakes(load):
    def mistakes(text: str | bytes, **options) -> list[str]:
        with pytest.raises(CatalogErrors) as caught:
            load(text, **options)
        return str(caught.value).splitlines()

    return mistakes


def a_connection(**changes) -> Connection:
    values = {"name": "acme", "company_id": "4907", "adapter": "sandbox", "mode": "live", "start_from": "all"}
    return Connection.model_validate(values | changes)


def test_the_smallest_connection_sends_nothing(load):
    (one,) = load(SMALLEST).connections
    assert (one.name, one.company_id, one.project_ids, one.adapter) == ("acme-sage", "4907", None, "sandbox")
    assert (one.mode, one.finish, one.accounting_date, one.lines) == ("rehearse", "draft", "billing_date", "g703")
    assert (one.time_zone, one.start_from, one.concurrency, one.write_back) == ("UTC", None, 4, False)
    assert (one.settings, one.secrets) == ({}, {})
    assert one.verify_approver.when is VerifyWhen.NEVER


def test_every_key_is_read(load):
    text = """
    [[connection]]
    name = "acme-sage"
    company_id = "4907"
    project_ids = [91835, "91836"]
    adapter = "sandbox"
    mode = "live"
    finish = "posted"
    accounting_date = "first_open_day"
    time_zone = "America/New_York"
    start_from = 2026-01-01
    lines = "summary"
    requests_per_minute = 120
    concurrency = 2
    write_back = true
    verify_approver = "above 50000.50"
    settings = { address = "http://127.0.0.1:1", token_url = "http://127.0.0.1:2" }
    secrets = { client_secret = "env:SAGE_SECRET", key = "file:/run/secrets/sage key" }
    """
    (one,) = load(text, adapters=["sandbox"]).connections
    assert one.project_ids == ("91835", "91836")
    assert (one.start_from, str(one.zone)) == (date(2026, 1, 1), "America/New_York")
    assert one.verify_approver.amount == Decimal("50000.50")
    assert one.settings["address"] == "http://127.0.0.1:1"
    assert one.secrets["key"] == "file:/run/secrets/sage key"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('name = "acme:sage"', "name"),
        ('name = ""', "name"),
        ("company_id = true", "company_id"),
        ('company_id = "49x"', "company_id"),
        ("project_ids = []", "project_ids"),
        ("project_ids = 5", "project_ids"),
        ("project_ids = [1, -2]", "project_ids.1"),
        ('adapter = ""', "adapter"),
        ('mode = "on"', "mode"),
        ('finish = "sent"', "finish"),
        ('accounting_date = "yesterday"', "accounting_date"),
        ('time_zone = "New York"', "time_zone"),
        ('time_zone = "../../etc/passwd"', "time_zone"),
        ("start_from = 2026-01-01T00:00:00", "start_from"),
        ('start_from = "ALL of it"', "start_from"),
        ('lines = "each"', "lines"),
        ("requests_per_minute = 0", "requests_per_minute"),
        ('requests_per_minute = "60"', "requests_per_minute"),
        ("concurrency = 1.5", "concurrency"),
        ("write_back = 1", "write_back"),
        ('verify_approver = "above"', "verify_approver"),
        ('verify_approver = "above 5 USD"', "verify_approver"),
        ('verify_approver = "above NaN"', "verify_approver"),
        ('verify_approver = "above -1"', "verify_approver"),
        ('verify_approver = "below 5"', "verify_approver"),
        ("verify_approver = true", "verify_approver"),
        ('second_person_above = "a lot"', "second_person_above"),
        ('second_person_above = "1_000"', "second_person_above"),
        ("second_person_above = -1", "second_person_above"),
        ("second_person_above = inf", "second_person_above"),
        ("second_person_above = true", "second_person_above"),
        ("second_person_above = []", "second_person_above"),
        ("settings = 1", "settings"),
        ('settings = { password = "hunter2-s3cr3t" }', "settings"),
        ('secrets = { password = "hunter2-s3cr3t" }', "secrets.password"),
        ('secrets = { password = "env:hunter2-s3cr3t!" }', "secrets.password"),
        ("secrets = { password = 5 }", "secrets.password"),
        ('secrets = "hunter2-s3cr3t"', "secrets"),
    ],
)
def test_one_wrong_value_is_one_clear_line(mistakes, line, key):
    kept = [old for old in SMALLEST.strip().splitlines() if old.split(" =")[0] != line.split(" =")[0]]
    (said,) = mistakes("\n".join([*kept, line]))
    title = "connection no. 1" if line == 'name = ""' else "connection acme"
    assert said.startswith(f"connections.toml: {title}")
    assert f": {key}: " in said
    assert "; give " in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("written", "amount"),
    [("50000", "50000"), ("50000.5", "50000.5"), ('"50000.50"', "50000.50"), ("0", "0")],
)
def test_an_amount_is_a_number_or_text(load, written, amount):
    (one,) = load(f"{SMALLEST}second_person_above = {written}").connections
    assert one.second_person_above == Decimal(amount)


@pytest.mark.parametrize("mode", ["rehearse", "paused"])
def test_only_a_live_connection_needs_a_start(load, mistakes, mode):
    assert load(f'{SMALLEST}mode = "{mode}"').connections[0].start_from is None
    (said,) = mistakes(f'{SMALLEST}mode = "live"')
    assert "start_from: is missing, and the connection is live" in said


@pytest.mark.parametrize("finish", ["", 'finish = "draft"'])
def test_a_connection_that_leaves_drafts_writes_nothing_back(load, mistakes, finish):
    (said,) = mistakes(f"{SMALLEST}{finish}\nwrite_back = true")
    assert said == (
        "connections.toml: connection acme-sage: write_back: is true, and the connection leaves drafts, which have no "
        'number yet; give false, or true with finish = "posted"'
    )
    assert load(f'{SMALLEST}finish = "posted"\nwrite_back = true').connections[0].write_back
    assert not load(f"{SMALLEST}{finish}\nwrite_back = false").connections[0].write_back


def test_an_unknown_key_names_the_nearest(mistakes):
    (said,) = mistakes(f'{SMALLEST}accounting_dat = "{SECRET}"')
    assert said == (
        "connections.toml: connection acme-sage: accounting_dat: is not a known key; did you mean accounting_date?"
    )


def test_an_unknown_key_like_none_lists_all(mistakes):
    (said,) = mistakes(f'{SMALLEST}xyz = "{SECRET}"')
    assert "the known ones are name, company_id, project_ids" in said
    assert SECRET not in said


def test_an_unknown_adapter_names_the_nearest(mistakes):
    (said,) = mistakes(SMALLEST.replace("sandbox", "sandbx"), adapters=["sandbox", "other"])
    assert said.endswith("adapter: there is no adapter 'sandbx'; did you mean sandbox?")


def test_all_mistakes_are_told_at_once(mistakes):
    said = mistakes(f'conection = 1\n{SMALLEST}mode = "live"\nfinish = 1\n[[connection]]\nname = "acme-sage"')
    keys = [line.split(": ")[2 if ": connection " in line else 1] for line in said]
    assert keys == ["conection", "finish", "start_from", "company_id", "adapter", "name"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "connection = 5",
        "[connection]\nname = 'x'",
        "connection = [1]",
        "[[connection]",
        b"\xff\xfe",
        "company_id = " + "9" * 5000,
    ],
)
def test_a_file_without_connections_is_one_line(mistakes, content):
    (said,) = mistakes(content)
    assert said.startswith("connections.toml: ")


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(CatalogErrors, match=r"gone\.toml: cannot be read") as caught:
        load_catalog(tmp_path / "gone.toml")
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        ("", "", "company_id"),
        ("project_ids = [1, 2]", "project_ids = [2, 3]", "project_ids"),
    ],
)
def test_two_live_connections_for_one_invoice_are_refused(mistakes, first, second, key):
    live = f'{SMALLEST}mode = "live"\nstart_from = "all"\n'
    (said,) = mistakes(live + first + live.replace("acme-sage", "acme-two") + second)
    assert f"connection acme-two: {key}: " in said
    assert "served live by connection acme-sage too" in said


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", "project_ids = [1]"),
        ("project_ids = [1]", "project_ids = [2]"),
        ("", 'mode = "rehearse"'),
        ("", "company_id = 4908"),
    ],
)
def test_live_connections_apart_from_each_other_are_fine(load, first, second):
    start = 'adapter = "sandbox"\nstart_from = "all"\n'
    texts = [
        f'[[connection]]\nname = "c{number}"\n{start}{rest}\n'
        + ("" if "company_id" in rest else "company_id = 4907\n")
        + ("" if "mode" in rest else 'mode = "live"\n')
        for number, rest in enumerate([first, second])
    ]
    assert len(load("".join(texts)).connections) == 2


def test_a_named_project_wins_over_the_company():
    whole = a_connection(name="whole")
    part = a_connection(name="part", project_ids=["1"], mode="rehearse")
    catalog = Catalog((whole, part))
    assert catalog.serving("4907", "1") is part
    assert catalog.serving("4907", "2") is whole
    assert catalog.serving("4907", None) is whole


def test_nothing_serves_a_company_that_is_not_named():
    catalog = Catalog((a_connection(project_ids=["1"]),))
    assert catalog.serving("4908", "1") is None
    assert catalog.serving("4907", "2") is None


def test_live_serves_before_paused_before_rehearsal():
    ordered = [a_connection(name=mode, mode=mode) for mode in ("rehearse", "paused", "live")]
    for count, mode in enumerate(("rehearse", "paused", "live"), start=1):
        assert Catalog(tuple(ordered[:count])).serving("4907", "1").mode == mode


def test_a_connection_is_found_by_its_name():
    catalog = Catalog((a_connection(),))
    assert catalog.named("acme") is catalog.connections[0]
    assert catalog.named("other") is None


@pytest.mark.parametrize(
    ("text", "amount", "covered"),
    [
        ("never", "1000000", False),
        ("always", "0", True),
        ("above 500", "500", False),
        ("above 500", "500.01", True),
        ("above 500", "-500.01", True),
        ("Above 500", "499", False),
    ],
)
def test_the_approver_is_verified_above_an_amount(text, amount, covered):
    assert a_connection(verify_approver=text).verify_approver.covers(Decimal(amount)) is covered
