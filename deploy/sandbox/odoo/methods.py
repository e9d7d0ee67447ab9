"""Which methods there are, by whom they may be called and with which parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.sandbox.odoo import moves
from deploy.sandbox.odoo.errors import NO_RIGHT, TYPE, VALUE, OdooError
from deploy.sandbox.odoo.loading import load
from deploy.sandbox.odoo.models import fields_of

if TYPE_CHECKING:
    from deploy.sandbox.odoo.database import Database

HAS_ACCESS_SINCE, CHECKS_RIGHTS_UNTIL = 18, 18
NO_LIMIT = 2**31


@dataclass(frozen=True)
class Method:
    """`right` is what the user needs; `on_records`: called on ids. `until` and `since` are versions."""

    right: str
    parameters: tuple[str, ...] = ()
    on_records: bool = False
    model: str | None = None
    since: int = 0
    until: int = NO_LIMIT


@dataclass(frozen=True)
class ModelCall:
    """One call of a model's method."""

    model: str
    name: str
    ids: list[int]
    named: Mapping[str, Any]
    context: Mapping[str, Any]


METHODS = {
    "search_read": Method("read", ("domain", "fields", "offset", "limit", "order")),
    "read": Method("read", ("fields", "load"), on_records=True),
    "fields_get": Method("read", ("allfields", "attributes")),
    "create": Method("create", ("vals_list",)),
    "write": Method("write", ("vals",), on_records=True),
    "unlink": Method("unlink", (), on_records=True),
    "load": Method("create", ("fields", "data")),
    "action_post": Method("write", (), on_records=True, model=moves.MOVE),
    "check_access_rights": Method("", ("operation", "raise_exception"), until=CHECKS_RIGHTS_UNTIL),
    "has_access": Method("", ("operation",), on_records=True, since=HAS_ACCESS_SINCE),
}


def method_named(database: "Database", model: str, name: str) -> Method:
    """One method. Raises OdooError for one that is private, or that this model or version does not have."""
    database.table(model)
    if name.startswith("_"):
        raise OdooError(NO_RIGHT, f"Private methods (such as '{model}.{name}') cannot be called remotely.")
    method = METHODS.get(name)
    if method is None or method.model not in {None, model}:
        raise database.no_method(model, name)
    if not method.since <= database.rules.major <= method.until:
        raise database.no_method(model, name)
    return method


async def called(database: "Database", call: ModelCall) -> Any:
    """What the method returns. Raises OdooError."""
    method = method_named(database, call.model, call.name)
    for given in call.named:
        if given not in method.parameters:
            raise OdooError(TYPE, f"BaseModel.{call.name}() got an unexpected keyword argument {given!r}")
    if method.on_records and not all(isinstance(one, int) for one in call.ids):
        raise OdooError(VALUE, f"Invalid ids: {call.ids!r}")
    if method.right and method.right not in database.rules.may:
        raise OdooError(NO_RIGHT, f"You are not allowed to {method.right} '{call.model}' records.")
    if call.name == "load":
        columns, rows = required(call.named, "fields"), required(call.named, "data")
        return await load(database, call.model, columns, rows, call.context)
    return DOERS[call.name](database, call)


def search_read(database: "Database", call: ModelCall) -> Any:
    """Found and shown."""
    found = database.search(call.model, call.named.get("domain") or [], call.named.get("limit"))
    return database.read(call.model, found, call.named.get("fields"))


def read(database: "Database", call: ModelCall) -> Any:
    """Shown by id."""
    return database.read(call.model, call.ids, call.named.get("fields"))


def fields_get(_: "Database", call: ModelCall) -> Any:
    """Those of the wanted fields that there are."""
    wanted = call.named.get("allfields") or []
    return {name: {"type": field.kind} for name, field in fields_of(call.model).items() if name in wanted or not wanted}


def create(database: "Database", call: ModelCall) -> Any:
    """One id, or as many as there were values."""
    values = required(call.named, "vals_list")
    if isinstance(values, dict):
        return database.create(call.model, values)
    return [database.create(call.model, one) for one in values]


def write(database: "Database", call: ModelCall) -> Any:
    """True."""
    return database.write(call.model, call.ids, required(call.named, "vals"))


def unlink(database: "Database", call: ModelCall) -> Any:
    """True."""
    return database.unlink(call.model, call.ids)


def action_post(database: "Database", call: ModelCall) -> Any:
    """False, which is no failure."""
    return database.post(call.ids)


def has_access(database: "Database", call: ModelCall) -> Any:
    """Whether the user may."""
    return required(call.named, "operation") in database.rules.may


DOERS: dict[str, Callable[["Database", ModelCall], Any]] = {
    "search_read": search_read,
    "read": read,
    "fields_get": fields_get,
    "create": create,
    "write": write,
    "unlink": unlink,
    "action_post": action_post,
    "check_access_rights": has_access,
    "has_access": has_access,
}


def required(named: Mapping[str, Any], name: str) -> Any:
    """A parameter that has no default."""
    if name not in named:
        raise OdooError(TYPE, f"missing 1 required positional argument: '{name}'")
    return named[name]
