"""Settings as a process is given them."""

from typing import Any

from pydantic import SecretStr

from shared.settings import Settings


def environment_of(settings: Settings) -> dict[str, str]:
    """Every variable that is set."""
    return {name.upper(): _text(value) for name, value in settings if value is not None}


def _text(value: Any) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return str(value).lower()
        case dict():
            return ",".join(f"{name}={'|'.join(map(_text, words))}" for name, words in value.items())
        case list() | tuple() | frozenset():
            return ",".join(map(_text, value))
        case _:
            return str(value)
