"""Creates the topics, and says where existing ones fall short of what they should be."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.events.topics import TOPICS, TopicSpecification
from shared.kafka.connection import BrokerUnavailable, connection_arguments
from shared.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class TopicReport:
    """`differences` are sentences; an empty tuple means that the topic is as it should be."""

    topic: str
    created: bool
    differences: tuple[str, ...] = ()


async def create_topics(
    settings: KafkaSettings,
    specifications: Iterable[TopicSpecification] = TOPICS,
    *,
    replication_factor: int = -1,
) -> list[TopicReport]:
    """Creates what is missing and changes nothing that exists; -1 leaves the replication to the broker.

    Raises BrokerUnavailable.
    """
    wanted = list(specifications)
    try:
        async with _admin(settings) as admin:
            created = await _create(admin, wanted, replication_factor)
            return [
                TopicReport(each.topic, created=each.topic in created, differences=await _differences(admin, each))
                for each in wanted
            ]
    except (KafkaError, OSError, TimeoutError) as error:
        raise BrokerUnavailable(f"the topics could not be created: {error!r}") from error


@asynccontextmanager
async def _admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection_arguments(settings), request_timeout_ms=10_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, wanted: list[TopicSpecification], replication_factor: int) -> set[str]:
    new = [
        NewTopic(
            str(each.topic),
            each.partitions,
            replication_factor,
            {} if replication_factor == -1 else None,
            dict(each.config),
        )
        for each in wanted
    ]
    response = await admin.create_topics(new)
    created = set()
    for name, code, *message in response.topic_errors:
        if code == 0:
            created.add(name)
        elif for_code(code) is not TopicAlreadyExistsError:
            raise for_code(code)(f"{name}: {message}")
    return created


async def _differences(admin: AIOKafkaAdminClient, wanted: TopicSpecification) -> tuple[str, ...]:
    found = []
    partitions = await _partitions(admin, wanted.topic)
    if partitions is not None and partitions < wanted.partitions:
        found.append(f"{wanted.topic} has {partitions} partitions, {wanted.partitions} are expected")
    config = await _config(admin, wanted.topic)
    retention = int(config.get("retention.ms", wanted.retention_ms))
    if 0 <= retention < wanted.retention_ms:
        found.append(f"{wanted.topic} keeps records {retention} ms, at least {wanted.retention_ms} are expected")
    largest = int(config.get("max.message.bytes", wanted.config["max.message.bytes"]))
    if largest < int(wanted.config["max.message.bytes"]):
        found.append(
            f"{wanted.topic} takes records up to {largest} bytes, {wanted.config['max.message.bytes']} are expected"
        )
    if "compact" in config.get("cleanup.policy", "delete"):
        found.append(f"{wanted.topic} is compacted, which would drop events of a project")
    return tuple(found)


async def _partitions(admin: AIOKafkaAdminClient, topic: str) -> int | None:
    """None while the broker that answers does not know the new topic yet."""
    described = await admin.describe_topics([topic])
    return next((len(each["partitions"]) for each in described if each["error_code"] == 0), None)


async def _config(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    entries = [entry for response in responses for resource in response.resources for entry in resource[4]]
    return {entry[0]: entry[1] for entry in entries if entry[1] is not None}
