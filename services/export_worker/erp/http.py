"""HTTP as every adapter needs it: log-in renewed once, time limits, and which failures leave a write's outcome open."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.export_worker.core.outcomes import AuthExpired, LookUpFailure, Unavailable, Unknown
from services.export_worker.erp.adapter import Place
from services.export_worker.erp.time_limit import note_write
from shared.authorities import usual_authorities
from shared.telemetry import http_trace_headers

# Shorter than any server's own, so that we do not write into a connection that is just being closed.
KEEP_ALIVE_SECONDS = 2.0
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
LONGEST_TEXT = 1000
LONGEST_RETRY_AFTER = timedelta(days=1)
NO_ACCESS = 401
# 4xx that say nothing about whether the work was done.
MAYBE_DONE = frozenset({408, 425})
LOG_IN_IN_ADDRESS = re.compile(r"https?:[/\\]*[^/\s]*@")

Seconds = Annotated[float, Field(gt=0)]
Secret = Annotated[SecretStr, Field(min_length=1)]
Address = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/[^\s]*)?$")]


class HttpSettings(BaseModel):
    """What every HTTP connection may be set to; an adapter's settings extend it. Times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Address = Field(description="the ERP's address")
    connect_timeout_seconds: Seconds = Field(5, description="how long to wait until a connection stands")
    read_timeout_seconds: Seconds = Field(60, description="how long to wait for an answer")
    settles_after_seconds: Seconds = Field(
        90,
        description="how long after a write was sent the ERP may still commit it; at least both times above together",
    )
    connections: Annotated[int, Field(gt=0)] = Field(10, description="the most connections at once")

    @field_validator("*")
    @classmethod
    def address_without_a_log_in(cls, value: Any) -> Any:
        """An address becomes part of links, which go into the ledger and before everybody's eyes."""
        if isinstance(value, str) and LOG_IN_IN_ADDRESS.match(value):
            raise ValueError("holds a user or a password before the @: addresses are shown, so leave them out")
        return value

    @model_validator(mode="after")
    def settles_after_we_gave_up(self) -> Self:
        """A shorter one believes an absence while the write still runs."""
        if self.settles_after_seconds < self.call_time_limit_seconds:
            shortest = f"{self.call_time_limit_seconds:g} (connect_timeout_seconds + read_timeout_seconds)"
            raise ValueError(f"settles_after_seconds must be at least {shortest}")
        return self

    @property
    def call_time_limit_seconds(self) -> float:
        """No call takes longer, log-in included, and no step with all its calls (see `time_limit`)."""
        return self.connect_timeout_seconds + self.read_timeout_seconds

    @property
    def call_time_limit(self) -> timedelta:
        """As capabilities have it."""
        return timedelta(seconds=self.call_time_limit_seconds)

    @property
    def settles_after(self) -> timedelta:
        """As capabilities have it."""
        return timedelta(seconds=self.settles_after_seconds)


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer; `body` None when it is not JSON. Header names are lower case."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)

    @property
    def is_success(self) -> bool:
        """2xx, whatever the body says."""
        return self.status // 100 == 2  # noqa: PLR2004 - HTTP's class of success

    @property
    def is_turned_away(self) -> bool:
        """4xx, save those that leave it open: the request was not carried out."""
        return self.status // 100 == 4 and self.status not in MAYBE_DONE  # noqa: PLR2004 - HTTP's class


@dataclass
class Call:
    """One request in the making. `writes`: its outcome is unknown when it is lost after it was `sent`."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    writes: bool = True
    sent: bool = False

    def lost(self, text: str) -> Unavailable | Unknown:
        """No full answer came. A read, or a write that never left, is certainly not done."""
        return Unknown(text) if self.sent and self.writes else Unavailable(text)


LogIn = Callable[[str | None], Awaitable[str | LookUpFailure]]


class Door:
    """One ERP's HTTP address. Safe to use from many tasks at once. Each request keeps to the pace of the place.

    `log_in(refused)` answers the value of the Authorization header, other than the one that was refused; it may
    itself use `send`. None: the ERP is asked without.
    """

    def __init__(
        self,
        place: Place,
        settings: HttpSettings,
        *,
        base_url: str | None = None,
        log_in: LogIn | None = None,
        is_refused: Callable[[Answer], bool] = lambda answer: answer.status == NO_ACCESS,
    ) -> None:
        self.place = place
        self.time_limit = settings.call_time_limit_seconds
        self.log_in = log_in
        self.is_refused = is_refused
        self.http = httpx.AsyncClient(
            base_url=(base_url or settings.url).rstrip("/"),
            timeout=httpx.Timeout(settings.read_timeout_seconds, connect=settings.connect_timeout_seconds),
            limits=httpx.Limits(max_connections=settings.connections, keepalive_expiry=KEEP_ALIVE_SECONDS),
            verify=usual_authorities(trust_env=False),
            follow_redirects=False,
            trust_env=False,
        )

    async def call(self, call: Call) -> Answer | LookUpFailure:
        """One request, logged in, within the time limit."""
        call.headers = {**http_trace_headers(), **call.headers}
        try:
            async with asyncio.timeout(self.time_limit):
                return await self.logged_in(call)
        except TimeoutError:
            return call.lost(f"No full answer within {self.time_limit:g} s.")

    async def logged_in(self, call: Call) -> Answer | LookUpFailure:
        """With the log-in at hand; refused, once more with a new one."""
        if self.log_in is None:
            return await self.send(call, None)
        access = await self.log_in(None)
        if not isinstance(access, str):
            return access
        answer = await self.send(call, access)
        if not isinstance(answer, Answer) or not self.is_refused(answer):
            return answer
        call.sent = False
        renewed = await self.log_in(access)
        if not isinstance(renewed, str):
            return renewed
        answer = await self.send(call, renewed)
        if isinstance(answer, Answer) and self.is_refused(answer):
            return AuthExpired("The ERP refuses a log-in that was just renewed.")
        return answer

    async def send(self, call: Call, access: str | None) -> Answer | Unavailable | Unknown:
        """One request over the wire, once it is its turn."""
        headers = dict(call.headers)
        if access is not None:
            headers["Authorization"] = access
        if "Authorization" in headers:
            self.place.mask.learn_access(headers["Authorization"])
        if self.place.pace is not None:
            await self.place.pace.acquire()
        call.sent = True
        if call.writes:
            note_write(call)
        body: dict[str, Any] = {"json": call.body} if call.content is None else {"content": call.content}
        try:
            response = await self.http.request(call.method, call.path, headers=headers, **body)
        except NEVER_SENT as error:
            call.sent = False
            return call.lost(f"The ERP cannot be reached ({type(error).__name__}).")
        except httpx.RequestError as error:
            return call.lost(f"The connection broke before a full answer ({type(error).__name__}).")
        return Answer(response.status_code, json_of(response), dict(response.headers), response.content)

    async def close(self) -> None:
        """Let go of connections."""
        await self.http.aclose()


class Session:
    """A log-in that lasts until it is refused. One at a time: who waited takes what the first one got."""

    def __init__(self, enter: Callable[[], Awaitable[str | LookUpFailure]]) -> None:
        self.enter = enter
        self.access: str | None = None
        self.renewal = asyncio.Lock()

    async def __call__(self, refused: str | None) -> str | LookUpFailure:
        """The access at hand, or a new one where there is none or it is the one that was refused."""
        if self.access is not None and self.access != refused:
            return self.access
        async with self.renewal:
            if self.access is not None and self.access != refused:
                return self.access
            self.access = None
            got = await self.enter()
            if isinstance(got, str):
                self.access = got
            return got


def retry_at(answer: Answer, now: datetime) -> datetime | None:
    """`Retry-After`, in seconds or as a date, at most a day ahead; None when it says nothing usable."""
    said = answer.headers.get("retry-after", "")
    if said.isascii() and said.isdigit():
        return now + min(timedelta(seconds=int(said[:9])), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    return min(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now + LONGEST_RETRY_AFTER)


def shortened(text: str) -> str:
    """The vendor's words, bounded."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def json_of(response: httpx.Response) -> Any:
    """The body, or None when it is not JSON."""
    try:
        return response.json()
    except ValueError:
        return None
