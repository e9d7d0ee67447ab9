"""Tryton's JSON-RPC: one log-in, calls, warnings that may be accepted. A call that fails raises `Stopped`."""

import base64
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.export_worker.core.outcomes import (
    AuthExpired,
    Failure,
    LookUpFailure,
    NeedsDecision,
    Unavailable,
    Unknown,
    look_up_failure,
)
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.http import NO_ACCESS, Answer, Call, Door, Session
from services.export_worker.erp.tryton.answers import OK, TOO_MANY, Misunderstood, error_in, failure_of
from services.export_worker.erp.tryton.settings import TrytonSecrets, TrytonSettings
from services.export_worker.erp.tryton.wire import Said

Shape = TypeVar("Shape")
Row = TypeVar("Row", bound=Said)
MOST_WARNINGS = 5
Domain = Sequence[Any]


class Stopped(Exception):
    """The step ends here, with this outcome."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


class Tryton:
    """One database of a Tryton server, as its user sees it. Safe to use from many tasks at once."""

    def __init__(
        self, place: Place, settings: TrytonSettings, secrets: TrytonSecrets, now: Callable[[], datetime]
    ) -> None:
        self.settings = settings
        self.secrets = secrets
        self.now = now
        self.path = f"/{settings.database}/rpc/"
        self.door = Door(place, settings, log_in=Session(self.log_in))

    async def rows(
        self,
        shape: type[Row],
        model: str,
        domain: Domain,
        fields: Sequence[str],
        context: dict[str, Any],
        *,
        limit: int | None = None,
        order: str = "id ASC",
    ) -> list[Row]:
        """The records that the domain selects. Raises Stopped, never with an unknown outcome."""
        field, direction = order.split()
        params = [list(domain), 0, limit, [[field, direction]], list(fields), context]
        said = await self.ask(ROWS, f"model.{model}.search_read", *params)
        try:
            return [shape.model_validate(row) for row in said]
        except ValidationError:
            raise Stopped(Unavailable(f"Tryton shows {model} in a form that cannot be read.")) from None

    async def ask(self, shape: TypeAdapter[Shape], method: str, *params: Any) -> Shape:
        """Something that changes nothing. Raises Stopped, never with an unknown outcome."""
        said = self.parsed(shape, await self.door.call(self.request(method, params, writes=False)))
        if not isinstance(said, Stopped):
            return said
        failure = said.failure
        raise Stopped(failure.refused if isinstance(failure, Misunderstood) else look_up_failure(certain(failure)))

    async def do(self, shape: TypeAdapter[Shape], method: str, *params: Any, accepted: Collection[str] = ()) -> Shape:
        """Something that changes Tryton. A warning that is accepted is confirmed, and it is done again."""
        for _ in range(MOST_WARNINGS):
            said = self.parsed(shape, await self.door.call(self.request(method, params, writes=True)))
            if not isinstance(said, Stopped):
                return said
            asked = said.failure
            if not isinstance(asked, NeedsDecision) or not self.accepts(asked.name, accepted):
                raise said
            await self.confirm(asked.name)
        raise Stopped(Unavailable(f"Tryton asked {MOST_WARNINGS} times."))

    def accepts(self, name: str, accepted: Collection[str]) -> bool:
        """Tryton names a warning by a hash of the record and by its kind: a person accepts both, settings the kind."""
        return name in accepted or name.partition(".")[2] in self.settings.accepted_warnings

    async def confirm(self, warning: str) -> None:
        """For the next call only."""
        method = "model.res.user.warning.skip"
        said = self.parsed(ANYTHING, await self.door.call(self.request(method, [warning, False, {}], writes=False)))
        if isinstance(said, Stopped):
            raise Stopped(certain(said.failure))

    def request(self, method: str, params: Sequence[Any], *, writes: bool) -> Call:
        """With a key more than these three, Tryton tells errors in another form."""
        return Call("POST", self.path, {"id": 1, "method": method, "params": list(params)}, writes=writes)

    def parsed(self, shape: TypeAdapter[Shape], answer: Answer | LookUpFailure) -> Shape | Stopped:
        """The wanted shape, or what stands in its place. A success that cannot be read leaves it open."""
        if not isinstance(answer, Answer):
            return Stopped(answer)
        failure = failure_of(answer, self.now())
        if failure is not None:
            return Stopped(failure)
        try:
            return shape.validate_python(answer.body["result"])
        except ValidationError:
            return Stopped(Unknown("Tryton claims success with a result that cannot be read."))

    async def log_in(self) -> str | LookUpFailure:
        """The header of a session, which lasts until Tryton wants a fresh one."""
        login = self.settings.user
        params = [login, {"password": self.secrets.password.get_secret_value()}, "en"]
        answer = await self.door.send(self.request("common.db.login", params, writes=False), None)
        if not isinstance(answer, Answer):
            return Unavailable(f"Log-in: {answer.text}")
        if answer.status == NO_ACCESS or (answer.status == OK and asks_for_more(answer)):
            return AuthExpired(f"Tryton does not let {login} in with this password.")
        failure = failure_of(answer, self.now())
        if isinstance(failure, Misunderstood):
            return Unavailable(f"Log-in: {NOT_LOADED.format(self.settings.database)}")
        if failure is not None:
            wait = failure.retry_at if isinstance(failure, Unavailable) and answer.status == TOO_MANY else None
            return Unavailable(f"Log-in: {failure.text}", wait)
        match answer.body["result"]:
            case [int(user), str(token), *_]:
                return "Session " + base64.b64encode(f"{login}:{user}:{token}".encode()).decode()
        return Unavailable("Log-in: Tryton answered without a session.")

    async def server_series(self) -> str:
        """Such as 8.2. Raises Stopped."""
        call = Call("POST", "/rpc/", {"id": 1, "method": "common.server.version", "params": []}, writes=False)
        said = self.parsed(TypeAdapter(str), await self.door.call(call))
        if isinstance(said, Stopped):
            raise Stopped(certain(said.failure))
        return said

    async def close(self) -> None:
        """Let go of connections."""
        await self.door.close()


NOT_LOADED = (
    "Tryton has not loaded the database; as a rule the server was started without -d. Have it started anew, as "
    "`trytond -d {}` with whatever else it needs."
)
ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
ROWS: TypeAdapter[list[Any]] = TypeAdapter(list[Any])


def asks_for_more(answer: Answer) -> bool:
    """Tryton wants another proof than the password that was sent."""
    said = error_in(answer)
    return said is not None and said.kind == "LoginException"


def certain(failure: Failure) -> Failure:
    """What changes nothing leaves nothing open."""
    return Unavailable(failure.text) if isinstance(failure, Unknown) else failure
