"""What every Kafka client of ours is opened with."""

from ssl import SSLContext
from typing import Any

from aiokafka.helpers import create_ssl_context

from shared.settings import KafkaSettings


class BrokerUnavailable(Exception):
    """Kafka could not take or give a record now; trying later can help."""


def connection_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """The arguments that aiokafka's producer, consumer and admin client have in common."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        arguments["ssl_context"] = _ssl_context(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        arguments["sasl_mechanism"] = settings.kafka_sasl_mechanism
        arguments["sasl_plain_username"] = settings.kafka_sasl_username
        arguments["sasl_plain_password"] = password.get_secret_value() if password else None
    return arguments


def _ssl_context(settings: KafkaSettings) -> SSLContext:
    password = settings.kafka_ssl_password
    context: SSLContext = create_ssl_context(
        cafile=settings.kafka_ssl_cafile,
        certfile=settings.kafka_ssl_certfile,
        keyfile=settings.kafka_ssl_keyfile,
        password=password.get_secret_value() if password else None,
    )
    return context
