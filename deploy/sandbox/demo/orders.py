"""Commands to the worker, signed and sent as the dashboard and the command line do."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import SecretStr

from deploy.sandbox.demo.cast import Project
from deploy.sandbox.demo.watching import Row
from shared.events.command import Action, Command, OperatorRole
from shared.events.topics import Topic
from shared.kafka.producer import Producer
from shared.settings import KafkaSettings

SECONDS = 10


class Orders:
    """Use as `async with`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._key = SecretStr(environment["COMMAND_SIGNING_KEY"])
        settings = KafkaSettings.model_validate(
            {
                "kafka_bootstrap_servers": environment["KAFKA_BOOTSTRAP_SERVERS"],
                "kafka_enable_idempotence": environment.get("KAFKA_ENABLE_IDEMPOTENCE", "true"),
            }
        )
        self._producer = Producer(settings, client_id="demo")

    async def __aenter__(self) -> Self:
        await self._producer.start()
        await self._producer.wait_connected()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(
        self, row: Row, project: Project, action: Action, *, why: str, role: OperatorRole, **more: Any
    ) -> None:
        """Raises BrokerUnavailable."""
        command = Command(
            nonce=secrets.token_hex(16),
            action=action,
            export_id=row.id,
            company_id=str(project.company.id),
            project_id=str(project.id),
            by="demo-accountant",
            role=role,
            why=why,
            at=datetime.now(UTC),
            **more,
        ).signed(self._key)
        await self._producer.send(Topic.COMMANDS, key=command.kafka_key, value=command.to_bytes(), within=SECONDS)
