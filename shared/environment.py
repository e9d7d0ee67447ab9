"""Reads settings from the environment, once, and says in plain lines what is wrong with them."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, StringConstraints, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHORTEST_KEY = 16


class SettingsError(Exception):
    """The environment cannot be used: one line for each wrong setting, never with a secret's value."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Settings(BaseSettings):
    """A need for settings: each field is the environment variable of the same name in capitals.

    A field's description ends the sentence "NAME is missing: give ...". A secret (SecretStr) may also
    come from the file that NAME_FILE points to.
    """

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)


AnySettings = TypeVar("AnySettings", bound=Settings)


def load(cls: type[AnySettings]) -> AnySettings:
    """The settings of one need. Raises SettingsError naming everything that is wrong at once."""
    secrets, wrong = _secrets_from_files(cls, os.environ)
    try:
        settings = cls.model_validate({name: text for name, text in secrets.items() if text is not None})
    except ValidationError as error:
        unread = [name for name in secrets if secrets[name] is None]
        wrong += list(_lines(cls, error, unread))
    if wrong:
        raise SettingsError(wrong)
    return settings


def _secrets_from_files(cls: type[Settings], environ: Mapping[str, str]) -> tuple[dict[str, str | None], list[str]]:
    """Field name -> content of its NAME_FILE (None when it could not be used), and what was wrong."""
    secrets: dict[str, str | None] = {}
    wrong: list[str] = []
    for field, info in cls.model_fields.items():
        name = field.upper()
        path = environ.get(f"{name}_FILE")
        if not path or not _is_secret(info.annotation):
            continue
        secrets[field] = None
        if environ.get(name):
            wrong.append(f"{name} and {name}_FILE are both set: keep one of them")
            continue
        try:
            secrets[field] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8 text"
            wrong.append(f"{name}_FILE cannot be read ({why}): give the path of a readable text file")
            continue
        if not secrets[field]:
            secrets[field] = None
            wrong.append(f"{name}_FILE is an empty file: give {info.description}")
    return secrets, wrong


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))


def _lines(cls: type[Settings], error: ValidationError, already_named: list[str]) -> Iterator[str]:
    seen = set(already_named)
    for detail in error.errors(include_input=False, include_url=False):
        field = str(detail["loc"][0]) if detail["loc"] else ""
        if field in seen:
            continue
        seen.add(field)
        yield _line(field, cls.model_fields.get(field), detail)


def _line(field: str, info: FieldInfo | None, detail: ErrorDetails) -> str:
    if info is None:
        return detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        or_file = f" (or its file in {field.upper()}_FILE)" if _is_secret(info.annotation) else ""
        return f"{field.upper()} is missing: give {info.description}{or_file}"
    return f"{field.upper()} is wrong ({_what(detail)}): give {info.description}"


def _what(detail: ErrorDetails) -> str:
    what = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return what[:1].lower() + what[1:]


def _key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(f"shorter than {SHORTEST_KEY} characters")
    return value


def _secret(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("blank")
    return value


def _url(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme not in {"http", "https"} or not rest.split("/")[0]:
        raise ValueError("not an http:// or https:// address")
    if not value.isprintable() or " " in value:
        raise ValueError("not an address that can be parsed")
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError("not an address that can be parsed") from None
    return value.rstrip("/")


def readable(path: Path) -> Path:
    """The path itself. Raises ValueError."""
    if not path.is_file():
        raise ValueError("there is no such file")
    if not os.access(path, os.R_OK):
        raise ValueError("the file cannot be read")
    return path


def split_commas(value: object) -> object:
    """ "a, b" -> ["a", "b"]; an empty part stays, so that a validator can refuse it."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Key = Annotated[SecretStr, AfterValidator(_key)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Url = Annotated[str, AfterValidator(_url)]
ReadableFile = Annotated[Path, AfterValidator(readable)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
CommaSeparated = (NoDecode, BeforeValidator(split_commas))
