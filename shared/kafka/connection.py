"""What every Kafka client of ours is opened with."""

from typing import Any

from shared.settings import KafkaSettings


class BrokerUnavailable(Exception):
    """Kafka could not take or give a record now; trying later can help."""


def connection_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """The arguments that aiokafka's producer, consumer and admin client have in common.

    Raises BrokerUnavailable when the certificates cannot be read now: they may just be replaced.
    """
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        try:
            arguments["ssl_context"] = settings.ssl_context()
        except ValueError as error:
            raise BrokerUnavailable(f"a certificate cannot be used: {error}") from error
    if settings.kafka_security_protocol.startswith("SASL"):
        password = settings.kafka_sasl_password
        arguments["sasl_mechanism"] = settings.kafka_sasl_mechanism
        arguments["sasl_plain_username"] = settings.kafka_sasl_username
        arguments["sasl_plain_password"] = password.get_secret_value() if password else None
    return arguments
