import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from services.cli.mappings import app
from shared.connections import mapping_store as store
from shared.connections.mappings import Mapping, MappingKind, MappingRow, Mappings
from shared.database import Role, create_engine

OWNER = Mapping(kind=MappingKind.CUSTOMER, erp_id="C1", procore_name="Harbor Library District", note="since May")
JOB = Mapping(kind=MappingKind.JOB, erp_id="J1", procore_id="91835")
CATALOG = '[[connection]]\nname = "acme"\ncompany_id = 4907\nadapter = "sandbox"\n'
HEADER = "connection,kind,procore_id,procore_name,erp_id,note\n"


@pytest.fixture
async def engine(database_url):
    engine = create_engine(database_url, Role.OWNER, application_name="test")
    yield engine
    await engine.dispose()


@pytest.fixture
async def connection(engine):
    async with engine.begin() as connection:
        yield connection


@pytest.fixture
def command(engine, database_url, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("CONNECTIONS_FILE", raising=False)

    async def command(*words: str, csv: str = ""):
        file = tmp_path / "mappings.csv"
        file.write_text(csv)
        arguments = [str(file) if word == "FILE" else word for word in words]
        return await asyncio.to_thread(CliRunner().invoke, app, arguments)

    return command


def of(name: str, *mappings: Mapping) -> list[MappingRow]:
    return [MappingRow(name, mapping) for mapping in mappings]


async def test_saved_mappings_are_loaded_by_connection(connection):
    await store.save(connection, [*of("acme", OWNER, JOB), *of("other", JOB)], "ben")
    assert set((await store.load(connection, "acme")).entries) == {OWNER, JOB}
    assert await store.load(connection, "other") == Mappings((JOB,))
    assert await store.load(connection, "none") == Mappings()
    assert await store.all_current(connection) == [*of("acme", OWNER, JOB), *of("other", JOB)]


async def test_a_change_ends_the_version_before(connection):
    before = await store.save(connection, of("acme", OWNER, JOB), "ben")
    version = (await store.load(connection, "acme")).version
    corrected = replace(OWNER, procore_name=" HARBOR  Library district", erp_id="C2")
    saved = await store.save(connection, of("acme", corrected, JOB), "cleo")
    assert (before.added, saved.changed, saved.unchanged) == (
        of("acme", OWNER, JOB),
        of("acme", corrected),
        of("acme", JOB),
    )
    mappings = await store.load(connection, "acme")
    assert mappings.customer("Harbor Library District") == "C2"
    assert mappings.version != version
    columns = store.mappings.c
    query = select(columns.erp_id, columns.changed_by, columns.valid_from, columns.valid_to)
    old, new = (await connection.execute(query.where(columns.kind == "customer").order_by(columns.id))).all()
    assert (old.erp_id, old.changed_by, old.valid_to) == ("C1", "ben", new.valid_from)
    assert (new.erp_id, new.changed_by, new.valid_to) == ("C2", "cleo", None)


async def test_two_writers_at_once_both_succeed(engine):
    async def save(erp_id: str) -> None:
        async with engine.begin() as connection:
            await store.save(connection, of("acme", replace(JOB, erp_id=erp_id)), erp_id)

    await asyncio.gather(*(save(f"J{number}") for number in range(8)))
    async with engine.connect() as connection:
        assert len((await store.load(connection, "acme")).entries) == 1


async def test_thousands_of_mappings_are_saved_at_once(connection):
    many = [replace(JOB, procore_id=str(number)) for number in range(2501)]
    assert len((await store.save(connection, of("acme", *many), "ben")).added) == 2501
    assert len((await store.save(connection, of("acme", *many), "ben")).unchanged) == 2501


async def test_an_imported_file_is_listed(command):
    csv = HEADER + "acme,customer,,Harbor Library District,C1,since May\nacme,job,91835,,J1,\n"
    imported = await command("import", "FILE", csv=csv)
    assert (imported.exit_code, imported.stdout) == (0, "mappings: 2 added, 0 changed, 0 unchanged\n")
    listed = json.loads((await command("list", "--connection", "acme", "--json")).stdout)
    assert [row["erp_id"] for row in listed] == ["C1", "J1"]
    assert "Harbor Library District" in (await command("list")).stdout


async def test_a_dry_run_counts_and_writes_nothing(command):
    ran = await command("import", "FILE", "--dry-run", csv=HEADER + "acme,job,91835,,J1,\n")
    assert ran.stdout.splitlines()[-1].startswith("mappings: 1 added")
    assert json.loads((await command("list", "--json")).stdout) == []


async def test_a_connection_that_does_not_exist_is_refused(command, monkeypatch, tmp_path):
    (tmp_path / "connections.toml").write_text(CATALOG)
    monkeypatch.setenv("CONNECTIONS_FILE", str(tmp_path / "connections.toml"))
    csv = HEADER + "acme,job,91835,,J1,\nacmee,job,91836,,J2,\n"
    refused = await command("import", "FILE", csv=csv)
    assert refused.exit_code == 2
    assert "did you mean acme?" in refused.stderr
    assert json.loads((await command("list", "--json")).stdout) == []


async def test_a_wrong_catalog_stops_an_import(command, monkeypatch, tmp_path):
    monkeypatch.setenv("CONNECTIONS_FILE", str(tmp_path / "gone.toml"))
    refused = await command("import", "FILE", csv=HEADER + "acme,job,91835,,J1,\n")
    assert refused.exit_code == 2
    assert "gone.toml: cannot be read" in refused.stderr
