"""What a value must look like for a field, and how it is shown. Strict where Odoo is."""

from collections.abc import Collection
from datetime import date
from typing import Any

from deploy.sandbox.odoo.errors import VALUE, OdooError
from deploy.sandbox.odoo.models import MODELS, Field, Kind, fields_of

NOTHING = False


def field_named(model: str, name: str) -> Field:
    """One field. Raises OdooError for a name that the model does not have."""
    known = fields_of(model)
    if name not in known:
        raise OdooError(VALUE, f"Invalid field {name!r} on model {model!r}")
    return known[name]


def stored(model: str, name: str, value: Any) -> Any:
    """As it is kept. Raises OdooError for a wrong shape. Pointers are checked by the database."""
    field = field_named(model, name)
    if value is None or value is False or value == "":
        return NOTHING
    return CONVERTERS[field.kind](field, f"{model}.{name}", value)


def text(_: Field, __: str, value: Any) -> str:
    """Any text; a NUL is none for PostgreSQL."""
    if not isinstance(value, str) or "\x00" in value:
        raise OdooError(VALUE, "A string literal cannot contain NUL (0x00) characters.")
    return value


def number(_: Field, where: str, value: Any) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise OdooError(VALUE, f"invalid literal for int() in {where}: {value!r}")
    return value


def amount(_: Field, where: str, value: Any) -> float:
    """A JSON number; a text is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise OdooError(VALUE, f"could not convert to float in {where}: {value!r}")
    return float(value)


def day(_: Field, where: str, value: Any) -> str:
    """ISO."""
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise OdooError(VALUE, f"time data {value!r} does not match format '%Y-%m-%d' in {where}") from error


def yes_no(_: Field, where: str, value: Any) -> bool:
    """True, since everything false is nothing."""
    if value is not True:
        raise OdooError(VALUE, f"Wrong value for {where}: {value!r}")
    return True


def choice(field: Field, where: str, value: Any) -> str:
    """One of the selection."""
    if value not in field.choices:
        raise OdooError(VALUE, f"Wrong value for {where}: {value!r}")
    return str(value)


def json_object(_: Field, where: str, value: Any) -> dict[str, Any]:
    """Analytic accounts by id, in per cent of the line."""
    if not isinstance(value, dict) or not all(key.isdigit() for key in value):
        raise OdooError(VALUE, f"Wrong value for {where}: {value!r}")
    return value


def many(_: Field, where: str, value: Any) -> list[int]:
    """Only the commands that set all."""
    ids: list[int] = []
    for command in commands(where, value):
        if command[0] != 6 or len(command) != 3 or not isinstance(command[2], list):
            raise OdooError(VALUE, f"Wrong value for {where}: {value!r}")
        ids = [int(one) for one in command[2]]
    return ids


def commands(where: str, value: Any) -> Collection[list[Any]]:
    """Lists of a number and what belongs to it."""
    if not isinstance(value, list) or not all(isinstance(one, list) and one for one in value):
        raise OdooError(VALUE, f"Wrong value for {where}: {value!r}")
    return value


CONVERTERS = {
    Kind.TEXT: text,
    Kind.INTEGER: number,
    Kind.FLOAT: amount,
    Kind.DATE: day,
    Kind.YES_NO: yes_no,
    Kind.CHOICE: choice,
    Kind.JSON: json_object,
    Kind.ONE: number,
    Kind.MANY: many,
}

__all__ = ["MODELS", "NOTHING", "commands", "field_named", "stored"]
