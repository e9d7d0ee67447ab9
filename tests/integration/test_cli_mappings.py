"""Importing, listing and suggesting mappings, against a Procore and an ERP."""

import csv
import json

import pytest

from deploy.sandbox.erp.control_client import ErpControl
from deploy.sandbox.erp.rules import BookRules
from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from shared.ledger.words import Reason
from tests.support.command_line import answered
from tests.support.erp_sandbox import BOOK
from tests.support.ledgers import CONNECTION, a_look, an_export, held_for

HEADER = "connection,kind,procore_id,procore_name,erp_id,note\n"
NORTHGATE = "Northgate School-Board, Inc."


@pytest.fixture
def importing(command, tmp_path):
    async def importing(*lines: str, options: tuple[str, ...] = ()):
        file = tmp_path / "mappings.csv"
        file.write_text(HEADER + "\n".join(f"{CONNECTION},{line}" for line in lines))
        return await command("mappings", "import", file, *options)

    return importing


@pytest.fixture
async def site(procore, connect):
    """Two projects with an owner each; the second has two contracts."""
    company = await procore.create_company(name="Ironside Builders")
    connect(company=str(company))
    site = {}
    for name, owner, contracts in (
        ("Harbor Branch Library", "Harbor Library District", ["Library"]),
        ("Northgate", NORTHGATE, ["Gymnasium", "Pool"]),
    ):
        project = site[name] = await procore.create_project(company_id=company, name=name)
        for title in contracts:
            code = {"description": "Concrete", "scheduled_value": "1000.00", "cost_code": "03-100"}
            contract = await procore.create_contract(project_id=project, client_name=owner, title=title, lines=[code])
            site[title] = contract
            worked = [{"description": "Concrete", "work_this_period": "100.00"}]
            await procore.create_invoice(contract_id=contract, lines=worked)
    return site


async def test_a_preview_tells_old_and_new(importing, command):
    await importing("customer,,Harbor Library District,C-100,since May", "job,91835,,J-100,")
    previewed = await importing(
        "customer,,Harbor Library District,C-200,since May",
        "job,91835,,J-100,",
        "job,91836,,J-300,",
        "job,91837,,,?",
        options=("--dry-run",),
    )
    assert previewed.exit_code == 0
    (changed,) = (line for line in previewed.stdout.splitlines() if "│ changed" in line)
    (added,) = (line for line in previewed.stdout.splitlines() if "│ added" in line)
    assert "C-100 -> C-200" in changed
    assert "J-300" in added
    assert "since May ->" not in previewed.stdout
    assert previewed.stdout.splitlines()[-1] == (
        "mappings: 1 added, 1 changed, 1 unchanged, 1 left out without an ERP id (dry run: nothing was written)"
    )
    listed = answered(await command("mappings", "list", "--json"))
    assert {row["erp_id"] for row in listed} == {"C-100", "J-100"}


async def test_a_file_without_decisions_imports_nothing(importing):
    imported = await importing("customer,,Harbor Library District,,not clear")
    assert (imported.exit_code, imported.stdout) == (
        0,
        "mappings: 0 added, 0 changed, 0 unchanged, 1 left out without an ERP id\n",
    )


async def test_a_default_is_marked_where_it_stands(importing, command):
    told = "harbor-sandbox: every owner without a customer of its own goes to customer C-100."
    assert (await importing("customer,*,,C-100,", "account,*,,4000,")).stdout.splitlines()[1:] == [told]
    shown = (await command("mappings", "list")).stdout
    assert "* (all others)" in shown
    assert told in shown
    rows = answered(await command("mappings", "list", "--json"))
    assert {row["procore_id"]: row["is_default"] for row in rows} == {"*": True}


async def test_what_procore_shows_is_suggested(site, command, tmp_path):
    file = tmp_path / "suggested.csv"
    ran = await command("mappings", "suggest", CONNECTION, "--out", file)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[0] == f"{file}: 6 rows, 3 without an ERP id."
    with file.open(newline="") as lines:
        rows = {(row["kind"], row["procore_id"], row["procore_name"]): row for row in csv.DictReader(lines)}
    assert rows["customer", "", "Harbor Library District"]["erp_id"] == "C-100"
    assert rows["customer", "", NORTHGATE]["erp_id"] == "C-200"
    assert rows["customer", "", NORTHGATE]["note"] == "the same name: 'Northgate School Board' (99)"
    assert rows["job", str(site["Harbor Branch Library"]), "Harbor Branch Library"]["erp_id"] == "J-100"
    assert rows["job", f"contract:{site['Gymnasium']}", "Gymnasium"]["erp_id"] == ""
    assert "J-200 'Northgate Gymnasium'" in rows["job", f"contract:{site['Gymnasium']}", "Gymnasium"]["note"]


async def test_a_suggestion_is_imported_as_it_is(site, command, tmp_path):
    file = tmp_path / "suggested.csv"
    await command("mappings", "suggest", CONNECTION, "--out", file)
    assert answered(await command("mappings", "list", "--json")) == []
    imported = await command("mappings", "import", file)
    assert imported.stdout == "mappings: 3 added, 0 changed, 0 unchanged, 3 left out without an ERP id\n"
    left = answered(await command("mappings", "suggest", CONNECTION, "--json"))
    assert {row["kind"] for row in left} == {"job"}
    assert "J-100 stands for" not in str(left)


async def test_a_secret_that_the_erp_repeats_is_masked(connect, erp_url, command):
    words = f"Nobody comes in with {BookRules().client_secret}."
    async with ErpControl(erp_url) as control:
        await control.order(BOOK, Fault(kind=FaultKind.REFUSE, step=ErpStep.LIST, code="plain", text=words))
    ran = await command("mappings", "suggest", CONNECTION)
    assert ran.exit_code == 1
    assert ran.stderr.splitlines()[-1].endswith("mapped to: Nobody comes in with [secret].")


async def test_cost_codes_are_read_from_the_invoices(site, command):
    ran = await command("mappings", "suggest", CONNECTION, "--kind", "account", "--json")
    others, row = json.loads(ran.stdout)
    assert (others["procore_id"], others["note"]) == (
        "*",
        "for lines without a cost code, and for codes without a row",
    )
    assert (row["kind"], row["procore_id"], row["procore_name"], row["erp_id"]) == ("account", "03-100", "Concrete", "")
    assert ran.stderr == "The ERP tells no list to map a account to: those rows stay empty.\n"


async def test_one_line_in_all_needs_no_cost_codes(site, connect, command):
    company = (await command("connections", "list", "--json")).stdout
    connect('lines = "summary"', company=json.loads(company)[0]["company_id"])
    ran = await command("mappings", "suggest", CONNECTION, "--kind", "account", "--json")
    assert [row["procore_id"] for row in json.loads(ran.stdout)] == ["*"]


async def test_without_procore_the_ledger_tells_owners(connect, worker_engine, command):
    await an_export(worker_engine, held_for(Reason.MISSING_MAPPING, a_look(customer_name="HARBOR library district")))
    ran = await command("mappings", "suggest", CONNECTION)
    assert ran.exit_code == 0
    assert "Procore is not asked, since its settings are missing" in ran.stderr
    assert "HARBOR library district" in ran.stdout
    assert "C-100" in ran.stdout
    assert "Nothing is saved." in ran.stdout


async def test_a_procore_that_refuses_us_is_told(site, command, monkeypatch):
    monkeypatch.setenv("PROCORE_CLIENT_SECRET", "wrong")
    ran = await command("mappings", "suggest", CONNECTION, "--json")
    assert (ran.exit_code, ran.stdout) == (0, "[]\n")
    assert "Procore was not read to its end" in ran.stderr


async def test_a_project_closed_to_us_does_not_hide_the_rest(site, procore, command):
    await procore.order_fault(403, path_prefix="/rest/v1.0/payment_applications", times=1)
    ran = await command("mappings", "suggest", CONNECTION, "--json")
    assert ran.stderr == "Procore does not let us read the owner invoices of Harbor Branch Library.\n"
    rows = json.loads(ran.stdout)
    assert [row["procore_name"] for row in rows if row["kind"] == "customer"] == [NORTHGATE]
    assert str(site["Harbor Branch Library"]) in {row["procore_id"] for row in rows}


async def test_an_erp_that_is_away_suggests_nothing(command):
    ran = await command("mappings", "suggest", CONNECTION)
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr.startswith("The ERP does not tell what a customer may be mapped to")


async def test_a_file_that_is_there_is_kept(connect, command, tmp_path):
    file = tmp_path / "checked.csv"
    file.write_text("mine")
    ran = await command("mappings", "suggest", CONNECTION, "--out", file)
    assert (ran.exit_code, file.read_text()) == (2, "mine")
