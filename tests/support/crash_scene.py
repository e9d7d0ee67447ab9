"""Scenes of the crash tests: each a company of its own, with its connection, book, hook, people and contracts."""

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.support.connection_tables import connection_table
from tests.support.crash_stage import CONCRETE, CUSTOMER, Hands, Scene

SHORTEST_SETTLING = 1.6  # seconds
EVENTS = ("create", "update", "delete")


async def set_up(
    hands: Hands,
    names: Mapping[str, Mapping[str, Any]],
    *,
    contracts: Mapping[str, int],
    ports: Mapping[str, int],
    settling: Mapping[str, float],
) -> dict[str, Scene]:
    """The scenes, with hooks, recorded approvers, mappings and connections.

    `names` tells the rules of each one's book; `ports` sends a scene's hook to another receiver;
    `settling` tells each connection's settles_after_seconds; its two time limits together are just below it.
    """
    scenes = {}
    for name, rules in names.items():
        scenes[name] = await _scene(hands, name, contracts.get(name, 1), ports.get(name))
        await hands.erp.set_up(name, **rules)
    stage, erp_url = hands.stage, hands.stage.environment["ERP_URL"]
    tables = [
        _connection(scene, erp_url, names[scene.name], settling.get(scene.name, SHORTEST_SETTLING))
        for scene in scenes.values()
    ]
    stage.connections.write_text("\n".join(tables))
    people = [f"{each.company},{each.ada},Ada,ada@example.com,standard,yes,test" for each in scenes.values()]
    header = "company_id,user_id,name,email,erp_integrations_level,can_push_to_accounting,source"
    (stage.folder / "approvers.csv").write_text("\n".join([header, *people]) + "\n")
    customers = [f"{each.name},customer,{CUSTOMER},C-100," for each in scenes.values()]
    (stage.folder / "mappings.csv").write_text(
        "\n".join(["connection,kind,procore_name,erp_id,note", *customers]) + "\n"
    )
    for what in ("approvers", "mappings"):
        await asyncio.to_thread(stage.run, what, "import", str(stage.folder / f"{what}.csv"))
    return scenes


async def _scene(hands: Hands, name: str, contracts: int, port: int | None) -> Scene:
    scene = await person_and_contracts(hands, name, contracts)
    scene.hook = await hung(hands, scene, port)
    return scene


async def person_and_contracts(hands: Hands, name: str, contracts: int) -> Scene:
    """A company with a project, somebody who approves, and prime contracts; nothing tells us of it yet."""
    procore = hands.procore
    company = await procore.create_company(name=name)
    project = await procore.create_project(company_id=company, name="Library extension")
    ada = await procore.create_user(company_id=company, name="Ada")
    made = [
        await procore.create_contract(project_id=project, number=f"PC-{at}", client_name=CUSTOMER, lines=[CONCRETE])
        for at in range(1, contracts + 1)
    ]
    return Scene(name, company, project, ada, made)


async def hung(hands: Hands, scene: Scene, port: int | None = None) -> int:
    """Procore's hook of the project to our receiver, or to another one's port; its id."""
    environment = hands.stage.environment
    receiver = environment["RECEIVER_URL"] if port is None else f"http://127.0.0.1:{port}"
    url = f"{environment['PROCORE_API_URL']}/rest/v1.0/webhooks/hooks"
    hook = {
        "api_version": "v2",
        "namespace": "invoice-export",
        "destination_url": f"{receiver}/webhooks/procore",
        "destination_headers": {"Authorization": f"Bearer {environment['PROCORE_WEBHOOK_TOKENS']}"},
    }
    headers = {"Authorization": f"Bearer {await _token(hands)}", "Procore-Company-Id": str(scene.company)}
    about = {"project_id": scene.project}
    said = await hands.http.post(url, json=about | {"hook": hook}, headers=headers)
    hook_id: int = said.raise_for_status().json()["id"]
    for event in EVENTS:
        trigger = {"resource_name": "Payment Applications", "event_type": event}
        body = about | {"api_version": "v2", "trigger": trigger}
        (await hands.http.post(f"{url}/{hook_id}/triggers", json=body, headers=headers)).raise_for_status()
    return hook_id


async def _token(hands: Hands) -> str:
    environment = hands.stage.environment
    who = {"client_id": environment["PROCORE_CLIENT_ID"], "client_secret": environment["PROCORE_CLIENT_SECRET"]}
    login = f"{environment['PROCORE_LOGIN_URL']}/oauth/token"
    said = await hands.http.post(login, data={"grant_type": "client_credentials"} | who)
    token: str = said.raise_for_status().json()["access_token"]
    return token


def _connection(scene: Scene, erp_url: str, rules: Mapping[str, Any], settles_after: float) -> str:
    times = {
        "connect_timeout_seconds": 0.3 * settles_after,
        "read_timeout_seconds": 0.6 * settles_after,
        "settles_after_seconds": settles_after,
    }
    return table_of(scene, erp_url, erp=times | {"unique_key": bool(rules.get("unique_reference"))}, concurrency=4)


def table_of(scene: Scene, erp_url: str, *, erp: Mapping[str, Any], **changes: Any) -> str:
    """The scene's connection to its book, with `erp` settings of its adapter and `changes` to it."""
    return connection_table(
        scene.name,
        company=scene.company,
        erp_url=erp_url,
        book=scene.name,
        secret="env:ERP_SANDBOX_SECRET",
        erp=erp,
        time_zone="America/Denver",
        **changes,
    )
