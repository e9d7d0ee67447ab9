"""What the pages are told of each connection, through a real database."""

import json
from pathlib import Path

import pytest

from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.links import make_links
from services.export_worker.profiles import profile_of
from shared.connections.catalog import load_catalog
from shared.connections.profile_store import keep_profiles, read_profiles
from shared.database import Role, create_engine

FILE = """
[[connection]]
name = "harbor"
company_id = 4907
project_ids = [91835]
adapter = "erp_sandbox"
mode = "live"
finish = "draft"
start_from = 2026-01-01
time_zone = "America/New_York"
verify_approver = "above 50000"
settings = { url = "http://planted-host.example", book = "planted-book" }
secrets = { client_secret = "env:ERP_SECRET" }

[[connection]]
name = "ironside"
company_id = 4908
adapter = "erp_sandbox"
settings = { url = "http://127.0.0.1:9", book = "main" }
secrets = { client_secret = "env:ERP_SECRET" }
"""


@pytest.fixture
async def profiles(tmp_path: Path):
    """Of the connections file, as a worker makes them at its start."""
    path = tmp_path / "connections.toml"
    path.write_text(FILE)
    links = make_links(load_catalog(path, adapters=ADAPTERS), {"ERP_SECRET": "planted-secret"})
    yield [profile_of(link) for link in links.values()]
    for link in links.values():
        await link.adapter.close()


async def test_a_profile_says_what_the_file_and_the_adapter_say(profiles):
    profile = profiles[0]
    assert (profile.name, profile.company_id, profile.project_ids) == ("harbor", "4907", ("91835",))
    assert (profile.mode, profile.finish, profile.start_from) == ("live", "draft", "2026-01-01")
    assert (profile.verify_approver, profile.time_zone) == ("above 50000", "America/New_York")
    [table] = [one for one in profile.sections if one.title == "What it can, and its limits"]
    assert table.head == ("", "harbor")
    assert ("Takes owner invoices", "yes") in table.rows
    assert (profiles[1].verify_approver, profiles[1].project_ids, profiles[1].start_from) == ("never", None, None)


async def test_a_profile_holds_no_secret_and_no_setting(profiles):
    for profile in profiles:
        assert "planted" not in json.dumps(profile.model_dump(mode="json"))
        assert "ERP_SECRET" not in json.dumps(profile.model_dump(mode="json"))


async def test_a_page_reads_the_profiles_of_the_newest_start(profiles, worker_engine, database_url):
    async with worker_engine.begin() as connection:
        await keep_profiles(connection, profiles)
    async with worker_engine.begin() as connection:
        await keep_profiles(connection, [profiles[1].model_copy(update={"mode": "paused"})])
    pages = create_engine(database_url, Role.DASHBOARD, application_name="test")
    async with pages.connect() as connection:
        seen = await read_profiles(connection)
    await pages.dispose()
    assert [(each.profile.name, each.profile.mode, each.is_current) for each in seen] == [
        ("harbor", "live", False),
        ("ironside", "paused", True),
    ]
    assert seen[0].profile == profiles[0]
