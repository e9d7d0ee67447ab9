"""What the doctor sees of Procore's rights, our hooks and the receiver."""

from datetime import timedelta

import pytest

from services.cli.diagnosis import hooks
from tests.support.command_line import answered
from tests.support.hook_site import provision, receiver, site

__all__ = ["provision", "receiver", "site"]

PATIENCE = 30
CONNECTION = "harbor-sandbox"
HOOKS = f"hooks: {CONNECTION}"
COMPANY = "/rest/v2.0/companies"


@pytest.fixture
def diagnose(site, command):
    async def diagnose(code):
        seen = await command("doctor", "--json")
        assert seen.exit_code == code, seen.output
        assert site.token not in seen.output
        return {check["name"]: check for check in answered(seen)}

    return diagnose


async def test_a_provisioned_house_is_in_order(site, receiver, provision, diagnose):
    await provision()
    checks = await diagnose(0)
    assert (checks[HOOKS]["result"], checks[HOOKS]["told"]) == ("ok", "2 projects")
    for what in ("owner invoices", "hooks", "directory"):
        assert checks[f"rights: {CONNECTION}, {what}"]["result"] == "ok"
    assert checks["receiver: current token"]["told"] == f"taken at {site.url}"


async def test_a_project_without_its_hook_is_named(site, receiver, provision, diagnose):
    await provision("--project", site.library)
    check = (await diagnose(0))[HOOKS]
    assert (check["result"], check["told"]) == ("attention", "Pier: there is none")
    assert check["todo"] == "run `invoice-export hooks provision`"


async def test_events_thrown_away_fail_the_check(site, receiver, provision, diagnose):
    await provision()
    await site.control.order_webhook_fault("drop", times=1)
    await site.change()
    check = (await diagnose(1))[HOOKS]
    assert check["told"].startswith("1 events of Library were not delivered")
    assert check["todo"] == "run `invoice-export hooks status --recover`"


async def test_events_that_wait_long_are_told(site, receiver, provision, diagnose, monkeypatch):
    await provision()
    await site.control.pause_deliveries()
    await site.change()
    assert (await diagnose(0))[HOOKS]["result"] == "ok"
    monkeypatch.setattr(hooks, "PATIENCE", timedelta(0))
    check = (await diagnose(0))[HOOKS]
    assert check["told"] == "Library: events wait for more than 0 minutes (not tried)"


@pytest.mark.parametrize(
    ("path", "what", "right"),
    [
        ("/rest/v1.0/payment_applications", "owner invoices", "Prime Contracts"),
        ("/rest/v1.0/prime_contracts", "owner invoices", "Prime Contracts"),
        ("/rest/v1.3/companies", "directory", "Directory"),
        (COMPANY, "hooks", "'Webhooks API' to 'Standard'"),
    ],
)
async def test_a_missing_right_is_named(site, receiver, diagnose, path, what, right):
    await site.control.order_fault(403, path_prefix=path, times=None)
    checks = await diagnose(1)
    check = checks[f"rights: {CONNECTION}, {what}"]
    assert check["result"] == "failed"
    assert check["told"].startswith("project ")
    assert right in check["todo"]
    others = [name for name in checks if name.startswith("rights: ") and name != check["name"]]
    assert {checks[name]["result"] for name in others} == {"ok"}


async def test_both_generations_of_the_token_are_tried(site, diagnose, monkeypatch):
    monkeypatch.setenv("PROCORE_WEBHOOK_TOKENS", f"a-newer-token,{site.token}")
    async with site.receives(site.token):
        checks = await diagnose(1)
    assert checks["receiver: previous token"]["result"] == "ok"
    assert "answers 401" in checks["receiver: current token"]["told"]
    assert "restart them" in checks["receiver: current token"]["todo"]


async def test_an_absent_receiver_is_told(site, diagnose):
    assert (await diagnose(1))["receiver: current token"]["told"].startswith(f"no answer from {site.url}")


async def test_something_else_is_not_taken_for_the_receiver(site, diagnose, monkeypatch):
    async with site.receives(site.token):
        monkeypatch.setenv("RECEIVER_URL", f"http://127.0.0.1:{site.port}/healthz")
        told = (await diagnose(1))["receiver: current token"]["told"]
    assert "it is not our receiver" in told
