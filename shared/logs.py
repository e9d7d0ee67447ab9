"""Structured logs: events named noun.past_participle, one canonical line per unit of work, no secrets."""

import logging
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from shared.settings import LogSettings

REDACTED = "[redacted]"
SECRET_KEY = re.compile(
    r"authorization|token|secret|passw|credential|cookie|private|(^|_|-)key$|api_?key|^dsn$|database_url",
    re.IGNORECASE,
)
HARMLESS_KEYS = frozenset({"fencing_token", "kafka_key", "record_key", "request_key", "token_position"})
# user:password in an address, and the usual Authorization schemes, wherever they stand in a text.
SECRET_TEXT = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|(?<=\b[Bb]earer )\S+|(?<=\b[Bb]asic )[A-Za-z0-9+/=]{8,}")
NOISY_LOGGERS = ("aiokafka", "httpx", "httpcore", "asyncio")


def configure_logs(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Sends our own, the standard library's and uvicorn's logs through one set of processors."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    out = stream or sys.stdout
    structlog.configure(
        processors=[*shared, _renderer(settings)],
        logger_factory=lambda name="": _Writer(name, out),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    _route_uvicorn()
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class _Writer(structlog.WriteLogger):
    """Under the name that its lines tell. The standard library's records would double the time that a line takes."""

    def __init__(self, name: str, stream: TextIO) -> None:
        super().__init__(stream)
        self.name = name


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last net: values under keys that look secret, and passwords inside addresses."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any) -> Any:
    if value is None:
        return None
    if _looks_secret(key):
        return REDACTED
    if isinstance(value, str):
        return SECRET_TEXT.sub(REDACTED, value)
    if isinstance(value, Mapping):
        return {inner: _redacted(str(inner), content) for inner, content in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(key, content) for content in value]
    return value


@lru_cache
def _looks_secret(key: str) -> bool:
    return key not in HARMLESS_KEYS and SECRET_KEY.search(key) is not None


def _renderer(settings: LogSettings) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())


def _route_uvicorn() -> None:
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.setLevel(logging.NOTSET)
        logger.propagate = name != "uvicorn.access"
