"""A real Apache Kafka that speaks TLS: one door wants a certificate of its clients, the other a user and a password."""

from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.local.kafka import Kafka, Listener, start_kafka
from deploy.sandbox.local.processes import free_port
from tests.support.certificates import Authority, CertificateFiles
from tests.support.planting import planted

USER = "invoice-export"
MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class SecuredKafka:
    """`by_certificate` and `by_password` are host:port; `client` is a certificate that the first door takes."""

    kafka: Kafka
    authority: Authority
    client: CertificateFiles
    by_certificate: str
    by_password: str
    password: str


def start_secured_kafka(folder: Path) -> SecuredKafka:
    """Its certificate names localhost, and nothing else."""
    authority, password = Authority(folder), planted("kafka")
    server, ports = authority.sign("localhost"), (free_port(), free_port())
    together = folder / "server.pem"
    together.write_bytes(server.key.read_bytes() + server.certificate.read_bytes())
    doors = [
        Listener(protocol, port, f"localhost:{port}", protocol)
        for protocol, port in zip(("SSL", "SASL_SSL"), ports, strict=True)
    ]
    by_password = "listener.name.sasl_ssl"
    login = f'username="{USER}" password="{password}" user_{USER}="{password}"'
    more = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(together),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "listener.name.ssl.ssl.client.auth": "required",
        f"{by_password}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        f"{by_password}.plain.sasl.jaas.config": f"{MODULES}.plain.PlainLoginModule required {login};",
        f"{by_password}.scram-sha-256.sasl.jaas.config": f"{MODULES}.scram.ScramLoginModule required;",
        f"{by_password}.scram-sha-512.sasl.jaas.config": f"{MODULES}.scram.ScramLoginModule required;",
    }
    users = [f"{mechanism}=[name={USER},password={password}]" for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")]
    words = [word for user in users for word in ("--add-scram", user)]
    kafka = start_kafka(folder / "kafka", listeners=doors, more=more, formatted_with=words)
    client = authority.sign("a-client-of-ours")
    return SecuredKafka(kafka, authority, client, *(f"localhost:{port}" for port in ports), password)
