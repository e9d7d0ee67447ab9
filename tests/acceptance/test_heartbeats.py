"""What a page may know of the running services, by their own word."""

from typing import Any

import httpx

from tests.support.house_parts import CONNECTION


async def test_the_services_say_how_they_fare(house):
    async with httpx.AsyncClient(verify=False, trust_env=False) as client:
        await client.post(f"{house.receiver_url}/webhooks/procore", headers={"Authorization": "Bearer nobody's"})
    invoice = await house.approved()
    await house.export_of(invoice, "exported")

    async def told() -> dict[str, Any] | None:
        rows = (await house.view.execute("SELECT service, ready, detail FROM service_instances")).all()
        found = {row.service: row for row in rows}
        both = "receiver" in found and "worker" in found
        counted = both and found["receiver"].detail["webhooks"]["refused"] >= 1
        return found if counted and found["worker"].detail["procore"]["limit"] else None

    found = await house.view.until(told, "a heartbeat of both services")
    receiver, worker = found["receiver"], found["worker"]
    assert receiver.ready["intake"]["ok"]
    assert (receiver.detail["parked"], receiver.detail["oldest_parked_at"]) == (0, None)
    assert worker.ready["database"]["ok"]
    assert worker.detail["connections"][CONNECTION]["failures"] == 0
    assert sum(worker.detail["kafka"]["partitions"].values()) == worker.detail["kafka"]["lag"]
    assert house.secrets.procore_secret not in str(found)
    await house.workers.stop()
    rows = await house.view.execute("SELECT service FROM service_instances WHERE service = 'worker'")
    assert rows.all() == []
