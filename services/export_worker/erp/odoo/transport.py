"""Calls of Odoo's model methods over either interface: what is asked is the same, only its wrapping differs."""

import abc
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.export_worker.core.outcomes import AuthExpired, Failure, LookUpFailure, Unavailable, Unknown
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.http import Answer, Call, Door, Session
from services.export_worker.erp.odoo.answers import failure_of, is_no_log_in
from services.export_worker.erp.odoo.settings import OdooSecrets, OdooSettings

Shape = TypeVar("Shape")

# Whose names over JSON-RPC are given by place: as they were seen to work.
BY_PLACE = {"create": ("vals_list",), "write": ("vals",), "load": ("fields", "data")}
# The place of the user's id among execute_kw's arguments.
USER_ID = 1


class Odoo(Protocol):
    """One database of Odoo. Safe to use from many tasks at once."""

    async def ask(
        self,
        shape: TypeAdapter[Shape],
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        writes: bool = False,
        context: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Shape | Failure:
        """Call `model.method` on the records `ids` with named parameters; its result in `shape`, or why not."""

    async def version(self) -> str | LookUpFailure:
        """As the server tells it, without a log-in."""

    async def close(self) -> None:
        """Let go of connections."""


class Spoken(abc.ABC):
    """What both interfaces share."""

    door: Door

    def __init__(self, settings: OdooSettings, now: Callable[[], datetime]) -> None:
        self.settings = settings
        self.now = now

    def context(self, more: Mapping[str, Any] | None) -> dict[str, Any]:
        """English words, whatever the user's language: refusals are told apart by them."""
        company = self.settings.company_id
        companies = {} if company is None else {"allowed_company_ids": [company]}
        return {"lang": "en_US", **companies, **(more or {})}

    def parsed(self, answer: Answer | LookUpFailure, shape: TypeAdapter[Shape]) -> Shape | Failure:
        """The result in its shape. A success that cannot be read leaves it open."""
        if not isinstance(answer, Answer):
            return answer
        failure = failure_of(answer, self.now())
        if failure is not None:
            return failure
        try:
            return shape.validate_python(self.result_in(answer.body))
        except (ValidationError, LookupError):
            return Unknown("Odoo claims success with an answer that cannot be read.")

    @abc.abstractmethod
    def result_in(self, body: Any) -> Any:
        """What the method returned. Raises LookupError when this is none of Odoo's answers."""

    async def close(self) -> None:
        """Let go of connections."""
        await self.door.close()


class JsonRpcDoor(Door):
    """Has no header to log in with: the user's id stands among the arguments of each call."""

    async def send(self, call: Call, access: str | None) -> Answer | Unavailable | Unknown:
        """With the id that the log-in gave."""
        if access is not None:
            call.body["params"]["args"][USER_ID] = int(access)
        return await super().send(call, None)


class JsonRpc(Spoken):
    """`/jsonrpc`, from Odoo 14 to 18: a log-in answers the user's id, and each call brings the password along."""

    def __init__(self, place: Place, settings: OdooSettings, secrets: OdooSecrets, now: Callable[[], datetime]) -> None:
        super().__init__(settings, now)
        self.secrets = secrets
        self.door = JsonRpcDoor(place, settings, log_in=Session(self.log_in), is_refused=is_no_log_in)

    async def ask(
        self,
        shape: TypeAdapter[Shape],
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        writes: bool = False,
        context: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Shape | Failure:
        """Through execute_kw."""
        placed = BY_PLACE.get(method, ())
        places = [] if ids is None else [list(ids)]
        args = [*places, *(named[name] for name in placed)]
        kwargs = {name: value for name, value in named.items() if name not in placed}
        key = self.secrets.api_key.get_secret_value()
        given = [self.settings.database, None, key, model, method, args, kwargs | {"context": self.context(context)}]
        call = Call("POST", "/jsonrpc", envelope("object", "execute_kw", given), writes=writes)
        return self.parsed(await self.door.call(call), shape)

    async def version(self) -> str | LookUpFailure:
        """From the common service."""
        call = Call("POST", "/jsonrpc", envelope("common", "version", []), writes=False)
        answer = await self.door.send(call, None)
        said = answer.body.get("result") if isinstance(answer, Answer) and isinstance(answer.body, dict) else None
        if isinstance(said, dict) and isinstance(said.get("server_version"), str):
            return str(said["server_version"])
        return Unavailable("Nobody at this address answers as Odoo does.") if isinstance(answer, Answer) else answer

    async def log_in(self) -> str | LookUpFailure:
        """The user's id. A wrong password is answered with false, and with no error."""
        key = self.secrets.api_key.get_secret_value()
        body = envelope("common", "login", [self.settings.database, self.settings.user, key])
        answer = await self.door.send(Call("POST", "/jsonrpc", body, writes=False), None)
        if not isinstance(answer, Answer):
            return Unavailable(f"Log-in: {answer.text}")
        failure = failure_of(answer, self.now())
        if failure is not None:
            return failure if isinstance(failure, AuthExpired) else Unavailable(f"Log-in: {failure.text}")
        said = answer.body.get("result") if isinstance(answer.body, dict) else None
        if said is False:
            return AuthExpired("Odoo refuses the user or the API key.")
        if isinstance(said, int) and said is not True:
            return str(said)
        return Unavailable("Log-in: Odoo answered without a user's id.")

    def result_in(self, body: Any) -> Any:
        """A method that returns nothing leaves `result` out."""
        if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
            raise LookupError("no JSON-RPC")
        return body.get("result")


class Json2(Spoken):
    """`/json/2`, from Odoo 19: no log-in, since each request carries the API key."""

    def __init__(self, place: Place, settings: OdooSettings, secrets: OdooSecrets, now: Callable[[], datetime]) -> None:
        super().__init__(settings, now)
        self.secrets = secrets
        self.door = Door(place, settings, log_in=self.log_in, is_refused=is_no_log_in)

    async def ask(
        self,
        shape: TypeAdapter[Shape],
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        writes: bool = False,
        context: Mapping[str, Any] | None = None,
        **named: Any,
    ) -> Shape | Failure:
        """Everything by its name, in one object."""
        body = named | {"context": self.context(context)} | ({} if ids is None else {"ids": list(ids)})
        headers = {"X-Odoo-Database": self.settings.database}
        call = Call("POST", f"/json/2/{model}/{method}", body, headers, writes=writes)
        return self.parsed(await self.door.call(call), shape)

    async def version(self) -> str | LookUpFailure:
        """From the page that needs no key."""
        answer = await self.door.send(Call("GET", "/web/version", writes=False), None)
        if isinstance(answer, Answer):
            said = answer.body.get("version") if isinstance(answer.body, dict) else None
            return said if isinstance(said, str) else Unavailable("This Odoo has no JSON-2 interface (19 or newer).")
        return answer

    async def log_in(self, refused: str | None) -> str | LookUpFailure:
        """The key, unless it is the one that was refused: there is no other."""
        if refused is not None:
            return AuthExpired("Odoo refuses the API key.")
        return f"bearer {self.secrets.api_key.get_secret_value()}"

    def result_in(self, body: Any) -> Any:
        """The whole body is the result. None of our methods returns nothing, so None is no JSON."""
        if body is None:
            raise LookupError("no JSON")
        return body


def envelope(service: str, method: str, args: list[Any]) -> dict[str, Any]:
    """JSON-RPC's wrapping."""
    params = {"service": service, "method": method, "args": args}
    return {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
