import io
import json
import logging
from datetime import datetime

import pytest
import structlog

from shared.logs import REDACTED, configure_logs, redact
from shared.settings import LogSettings


@pytest.fixture
def logged():
    """Configures logging in a format, and gives back what was written; leaves logging as it was."""
    root, loggers = logging.getLogger(), ("uvicorn", "uvicorn.error", "uvicorn.access")
    before = root.handlers[:], root.level
    propagated = {name: logging.getLogger(name).propagate for name in loggers}
    stream = io.StringIO()

    def begin(log_format: str) -> io.StringIO:
        configure_logs(LogSettings(log_format=log_format, log_level="INFO"), stream)
        return stream

    yield begin
    root.handlers, root.level = before
    for name, propagates in propagated.items():
        logging.getLogger(name).propagate = propagates
    structlog.reset_defaults()


def test_an_event_is_one_json_line_with_utc_time(logged):
    stream = logged("json")
    structlog.get_logger("receiver").info("webhook.accepted", event_id="01J", name="Bücherei")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["event_id"], line["name"]) == ("webhook.accepted", "01J", "Bücherei")
    assert datetime.fromisoformat(line["timestamp"]).utcoffset().total_seconds() == 0


def test_the_standard_librarys_logs_take_the_same_way(logged):
    stream = logged("json")
    logging.getLogger("uvicorn.error").info("Started at %s", "postgresql://ada:hush@db/x")
    logging.getLogger("uvicorn.access").info("GET /")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == f"Started at postgresql://{REDACTED}@db/x"


def test_an_exception_is_logged_without_the_secret(logged):
    stream = logged("json")
    try:
        raise ValueError("cannot reach postgresql://ada:hush@db/x")  # noqa: TRY301
    except ValueError:
        structlog.get_logger().exception("database.lost")
    assert "hush" not in stream.getvalue().replace('raise ValueError("cannot reach', "")
    assert "ValueError" in stream.getvalue()


def test_the_console_format_is_for_people(logged):
    stream = logged("console")
    structlog.get_logger().warning("webhook.refused", token="hush")
    assert "webhook.refused" in stream.getvalue()
    assert "hush" not in stream.getvalue()


@pytest.mark.parametrize(
    "key",
    ["authorization", "Authorization", "access_token", "client_secret", "password", "COMMAND_SIGNING_KEY", "key"],
)
def test_values_under_secret_keys_are_redacted(key):
    assert redact(None, "info", {"event": "x", key: "hush"}) == {"event": "x", key: REDACTED}
    assert redact(None, "info", {"headers": [{key: "hush"}]}) == {"headers": [{key: REDACTED}]}


@pytest.mark.parametrize("key", ["fencing_token", "kafka_key", "event_id", "keyboard", "count"])
def test_harmless_values_stay_as_they_are(key):
    assert redact(None, "info", {key: 5, "password": None}) == {key: 5, "password": None}


@pytest.mark.parametrize("text", ["Bearer hush-hush", "kafka://ada:hush@broker"])
def test_secrets_inside_a_text_are_redacted(text):
    assert "hush" not in redact(None, "info", {"event": text})["event"]
