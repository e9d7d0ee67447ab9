"""The four topics, with what they are created with. Names and keys: design.md's contract."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

DAY_MS = 24 * 60 * 60 * 1000
# A webhook of 1 MiB stands in its event as escaped JSON text, which can double it.
LARGEST_RECORD = 4 * 1024 * 1024


class Topic(StrEnum):
    WEBHOOKS = "procore.webhooks.v1"
    COMMANDS = "invoice.commands.v1"
    EXPORTS = "invoice.exports.v1"
    DEAD_LETTERS = "procore.webhooks.dead-letter.v1"


def _config() -> Mapping[str, str]:
    return MappingProxyType(
        {
            "retention.ms": str(30 * DAY_MS),
            "retention.bytes": "-1",
            "cleanup.policy": "delete",
            "max.message.bytes": str(LARGEST_RECORD),
        }
    )


@dataclass(frozen=True, slots=True)
class TopicSpecification:
    """How a topic is made. More partitions or a longer retention than this are fine, less is not."""

    topic: str
    partitions: int = 12
    config: Mapping[str, str] = field(default_factory=_config)

    @property
    def retention_ms(self) -> int:
        return int(self.config["retention.ms"])


TOPICS = tuple(TopicSpecification(topic) for topic in Topic)
