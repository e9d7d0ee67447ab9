"""Certificates are tried when the settings load."""

import pytest

from shared.kafka.connection import connection_arguments
from shared.settings import KafkaSettings, SettingsError, load
from tests.support.certificates import write_certificate

PASSWORD = "of the key"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return write_certificate(tmp_path_factory.mktemp("certificate"), password=PASSWORD)


@pytest.fixture
def environment(monkeypatch, certificate):
    """A broker behind TLS that wants our certificate, and a function that says otherwise; None unsets."""
    for field in KafkaSettings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)

    def change(**changes):
        for name, value in changes.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)

    change(
        KAFKA_BOOTSTRAP_SERVERS="one:9092",
        KAFKA_SECURITY_PROTOCOL="SSL",
        KAFKA_SSL_CAFILE=str(certificate.certificate),
        KAFKA_SSL_CERTFILE=str(certificate.certificate),
        KAFKA_SSL_KEYFILE=str(certificate.key),
        KAFKA_SSL_PASSWORD=PASSWORD,
    )
    return change


def test_a_certificate_opens_with_its_password(environment):
    context = connection_arguments(load(KafkaSettings))["ssl_context"]
    assert context.check_hostname
    assert context.cert_store_stats()["x509"] == 1


@pytest.mark.parametrize(
    ("keyfile", "password"), [("certificate", PASSWORD), ("key", None), ("key", "hush"), ("key", "x" * 2000)]
)
def test_a_certificate_without_its_key_is_refused(environment, certificate, keyfile, password):
    environment(KAFKA_SSL_KEYFILE=str(getattr(certificate, keyfile)), KAFKA_SSL_PASSWORD=password)
    with pytest.raises(SettingsError) as caught:
        load(KafkaSettings)
    assert len(caught.value.lines) == 1
    assert "KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE are wrong (" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_key_as_an_authority_is_refused(environment, certificate):
    environment(KAFKA_SSL_CAFILE=str(certificate.key))
    with pytest.raises(SettingsError, match=r"KAFKA_SSL_CAFILE is wrong \(it holds no certificate in PEM form"):
        load(KafkaSettings)
