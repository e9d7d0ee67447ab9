"""Hooks are made, repaired and taken away at a real Procore sandbox, for a real receiver."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from tests.support.hook_site import Site, provision, receiver, site

__all__ = ["provision", "receiver", "site"]

REASONS = ["create", "update", "delete"]
PATIENCE = 30


async def test_each_project_gets_one_hook(site, receiver, provision):
    steps = await provision()
    assert [(step["project"], step["do"], step["result"]) for step in steps] == [
        ("Library", "make a hook, payload v2.0", "done"),
        ("Pier", "make a hook, payload v2.0", "done"),
    ]
    for project in (site.library, site.pier):
        hook = await site.hook(project)
        assert (hook.destination_url, hook.payload_version, hook.status) == (site.url, "v2.0", "active")
        assert await site.reasons(project) == REASONS
    await site.change()
    await site.control.wait_until_idle(within=PATIENCE)
    (delivery,) = (await site.control.history())["deliveries"]
    assert (delivery["outcome"], delivery["response_status"]) == ("ok", 204)


async def test_a_second_run_has_nothing_to_do(site, receiver, provision, command):
    await provision()
    before = await site.hook(site.library)
    assert await provision() == []
    assert await site.hook(site.library) == before
    told = await command("hooks", "provision")
    assert told.stdout == "Nothing to do: 2 projects have what they need.\n"


async def test_a_dry_run_shows_the_plan_alone(site, provision, command):
    assert [step["result"] for step in await provision("--dry-run")] == ["planned", "planned"]
    shown = await command("hooks", "provision", "--dry-run")
    assert "make a hook, payload v2.0" in shown.stdout
    assert await site.hooks(site.library) == []


async def test_what_is_wrong_is_put_right(site, receiver, provision):
    foreign = await site.another_hook(site.library, namespace="another-app", destination_url="https://a.invalid")
    wrong = await site.another_hook(
        site.library, destination_url="https://old.invalid", authorization=SecretStr("Bearer stolen")
    )
    await site.webhooks.create_trigger(site.company, wrong.id, site.library, reason="update")
    double = await site.another_hook(site.library)
    await site.webhooks.create_trigger(site.company, double.id, site.library, reason="update")
    steps = await provision("--project", site.library)
    assert {step["result"] for step in steps} == {"done"}
    left = await site.webhooks.hooks(site.company, site.library)
    assert [hook.id for hook in left] == [foreign.id, double.id]
    assert left[0] == foreign
    triggers = await site.webhooks.triggers(site.company, double.id, site.library)
    assert sorted(trigger.reason for trigger in triggers) == sorted(REASONS)
    assert await site.hooks(site.pier) == []


async def test_an_outage_in_the_middle_leaves_one_hook(site, receiver, provision):
    route = f"/rest/v2.0/companies/{site.company}/projects/{site.library}/webhooks/hooks"
    await site.control.order_fault(503, path_prefix=route, method="POST", after_handling=True, retry_after=1)
    await provision("--project", site.library)
    assert await site.reasons(site.library) == REASONS


async def test_another_payload_version_replaces_the_hook(site, receiver, provision):
    await provision("--project", site.library)
    old = await site.hook(site.library)
    steps = await provision("--project", site.library, "--payload-version", "v4.0")
    assert [step["do"] for step in steps] == ["make a hook, payload v4.0", "remove it"]
    assert (await site.hook(site.library)).payload_version == "v4.0"
    assert (await site.hook(site.library)).id != old.id
    assert await provision("--project", site.library) == []


async def test_a_hook_with_waiting_events_stays(site, receiver, provision):
    await provision("--project", site.library)
    await site.control.pause_deliveries()
    await site.change()
    steps = await provision("--project", site.library, "--payload-version", "v4.0", code=1)
    assert steps[-1]["result"].startswith("kept: 1 events still wait in it")
    await site.control.resume_deliveries()
    await site.control.wait_until_idle(within=PATIENCE)
    assert [step["result"] for step in await provision("--payload-version", "v4.0", "--project", site.library)] == [
        "done"
    ]


async def test_our_hooks_are_taken_away(site, receiver, provision):
    await provision()
    foreign = await site.another_hook(site.library, namespace="another-app")
    assert {step["do"] for step in await provision("--remove")} == {"remove it"}
    assert await site.hooks(site.library) == [foreign]
    assert await site.hooks(site.pier) == []


async def test_no_hook_gets_a_token_unknown_to_the_receiver(site, command):
    async with site.receives("quite-another-token"):
        refused = await command("hooks", "provision")
    assert refused.exit_code == 1
    assert "answers 401: it does not know the token" in refused.stderr
    assert await site.hooks(site.library) == []


async def test_an_absent_receiver_gets_no_hook(site, command):
    refused = await command("hooks", "provision")
    assert refused.exit_code == 1
    assert f"no answer from {site.url}" in refused.stderr
    assert await site.hooks(site.library) == []


async def test_a_project_without_rights_hinders_no_other(site, receiver, provision):
    route = f"/rest/v2.0/companies/{site.company}/projects/{site.library}/webhooks"
    await site.control.order_fault(403, path_prefix=route, times=None)
    steps = await provision(code=1)
    assert [(step["project"], step["result"] == "done") for step in steps] == [("Library", False), ("Pier", True)]
    assert "does not let us" in steps[0]["result"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--project", "1"], "No connection serves project 1"),
        (["--connection", "nobody"], "There is no connection 'nobody'"),
        (["--rotate"], "holds one token only"),
        (["--rotate", "--remove"], "exclude each other"),
        (["--watch", "5", "--dry-run"], "exclude each other"),
    ],
)
async def test_what_makes_no_sense_is_refused(site, command, words, told):
    refused = await command("hooks", "provision", *words)
    assert refused.exit_code == 2
    assert told in refused.stderr


async def test_only_https_is_told_to_procore(site, command, monkeypatch):
    monkeypatch.setenv("PROCORE_API_URL", "https://api.procore.invalid")
    refused = await command("hooks", "provision", "--url", "http://exports.example.com")
    assert refused.exit_code == 2
    assert "is not https" in refused.stderr


async def test_a_token_is_rotated_without_a_gap(site, provision, command, monkeypatch):
    """Webhooks come all the time; one that was answered 401 would be a gap."""
    newer = f"newer-{secrets.token_hex(16)}"
    async with changing_all_the_time(site):
        async with site.receives(site.token):
            await provision()
            monkeypatch.setenv("PROCORE_WEBHOOK_TOKENS", f"{newer},{site.token}")
            too_early = await command("hooks", "provision", "--rotate")
            assert too_early.exit_code == 1
            assert "The current token is not taken" in too_early.stderr
        async with site.receives(f"{newer},{site.token}"):
            rotated = await command("hooks", "provision", "--rotate")
            assert rotated.exit_code == 0, rotated.output
            assert "Every hook carries the current token." in rotated.stderr
            assert {hook.token_end for hook in await site.hooks(site.library)} == {newer[-5:]}
            assert not any(secret in too_early.output + rotated.output for secret in (newer, site.token))
        async with site.receives(newer):
            await until_delivered(site, more=5)
    async with site.receives(newer):
        await site.control.wait_until_idle(within=PATIENCE)
    deliveries = (await site.control.history())["deliveries"]
    assert {delivery["response_status"] for delivery in deliveries} <= {204, None}
    told = {delivery["event"]["id"] for delivery in deliveries}
    arrived = {delivery["event"]["id"] for delivery in deliveries if delivery["outcome"] == "ok"}
    assert told == arrived


@asynccontextmanager
async def changing_all_the_time(site: Site) -> AsyncIterator[None]:
    async def change() -> None:
        while True:
            await site.change()
            await asyncio.sleep(0.05)

    changing = asyncio.create_task(change())
    yield
    changing.cancel()
    await asyncio.gather(changing, return_exceptions=True)


async def until_delivered(site: Site, *, more: int) -> None:
    """Until so many more events have arrived."""
    wanted = await delivered(site) + more
    deadline = time.monotonic() + PATIENCE
    while await delivered(site) < wanted:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def delivered(site: Site) -> int:
    return sum(each["outcome"] == "ok" for each in (await site.control.history())["deliveries"])


async def test_a_watch_finds_the_project_that_appears(site, receiver, provision):
    watching = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from services.cli.main import app; app()"),
        *("hooks", "provision", "--watch", "0.01"),
        env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        await until_hooked(site, site.pier)
        museum = await site.control.create_project(company_id=int(site.company), name="Museum")
        await until_hooked(site, str(museum))
    finally:
        watching.kill()
        told, _ = await watching.communicate()
    assert b"Museum" in told
    assert site.token.encode() not in told


async def until_hooked(site: Site, project: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not (hooks := await site.hooks(project)) or len(await site.heard(project, hooks[0])) < 3:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
