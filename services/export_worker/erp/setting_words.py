"""An adapter's settings and secrets in words, from the models that check them. Pure."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

PLAIN: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    SecretStr: "a secret",
}
LISTS = (list, tuple, set, frozenset)
MOST_CHOICES = 8


def setting_rows(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Key, meaning, kind of value and default of each field; those of a table within follow it with a dot."""
    for name, field in model.model_fields.items():
        yield f"`{before}{name}`", meaning_of(model, name), kind_of(field.annotation), default_of(field)
        if (inner := table_within(field.annotation)) is not None:
            yield from setting_rows(inner, f"{before}{name}.")


def undescribed(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """The fields that nobody has described for people."""
    yield from (key.strip("`") for key, meaning, _, _ in setting_rows(model, before) if not meaning)


def meaning_of(model: type[BaseModel], name: str) -> str:
    """The field's description, or that of the field which it replaces; empty where nobody has given one."""
    fields = [one.model_fields.get(name) for one in model.__mro__ if issubclass(one, BaseModel)]
    return next((field.description for field in fields if field and field.description), "")


def kind_of(annotation: Any) -> str:
    """What may be written there. Raises ValueError for what no setting has been so far."""
    options = [one for one in unwrapped(annotation) if one is not NoneType]
    return " or ".join(dict.fromkeys(one_kind(one) for one in options))


def table_within(annotation: Any) -> type[BaseModel] | None:
    """The model of a table below this setting."""
    return next((one for one in unwrapped(annotation) if is_table(one)), None)


def unwrapped(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation, without what checks them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from unwrapped(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for one in get_args(annotation):
            yield from unwrapped(one)
    else:
        yield annotation


def one_kind(annotation: Any) -> str:
    """One alternative."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is Literal:
        return choice(inner)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return choice([member.value for member in annotation])
    if origin in LISTS:
        of = next((kind_of(one) for one in inner if one is not Ellipsis), "")
        return f"a list, each {of}" if of else "a list"
    if origin is dict or annotation is dict or is_table(annotation):
        return "a table"
    raise ValueError(f"no words for {annotation!r} yet: add them to PLAIN")


def choice(values: Any) -> str:
    """Named where they are few."""
    shown = [f"`{value}`" if str(value).isprintable() else repr(value) for value in values]
    return ", ".join(shown) if len(shown) <= MOST_CHOICES else f"one of {', '.join(shown)}"


def default_of(field: FieldInfo) -> str:
    """As a person would write it."""
    if field.is_required():
        return "required"
    return in_words(field.get_default(call_default_factory=True))


def in_words(value: Any) -> str:
    """A value as the connections file would have it; lists without their brackets."""
    if isinstance(value, Enum):
        return in_words(value.value)
    if isinstance(value, LISTS):
        shown = [in_words(one) for one in value]
        return ", ".join(shown if isinstance(value, (list, tuple)) else sorted(shown)) or "empty"
    if value is None or value in ({}, ""):
        return "none" if value is None else "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
