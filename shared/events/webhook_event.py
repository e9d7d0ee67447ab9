"""WebhookEvent v1: what one delivery of Procore's told us, as it travels through procore.webhooks.v1."""

from datetime import UTC
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

Id = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,63})$")]
# Letters, digits and signs: no control characters, which neither Postgres nor a header would take.
Word = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
PayloadVersion = Literal["v2.0", "v3.0", "v4.0", "unknown"]
OWNER_INVOICE = "paymentapplication"


class InvalidRecord(Exception):
    """A record in Kafka that is not one of ours; `reason` says why, without its content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WebhookEvent(BaseModel):
    """Ids are decimal text of any size. Unknown keys are ignored, so that a newer receiver may add some."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    version: Literal[1] = 1
    event_id: Word
    """Procore's ULID or event id, else "sha256:" and the hash of the body."""
    received_at: AwareDatetime
    payload_version: PayloadVersion
    company_id: Id
    project_id: Id | None
    user_id: Id | None
    source_application_id: Word | None
    resource_name: Word
    resource_id: Id
    reason: Word
    """create, update, delete, or whatever else Procore says."""
    occurred_at: AwareDatetime | None
    body: str

    @property
    def is_relevant(self) -> bool:
        return is_owner_invoice(self.resource_name)

    @property
    def kafka_key(self) -> bytes:
        return kafka_key(self.company_id, self.project_id)

    def headers(self) -> list[tuple[str, bytes]]:
        """CloudEvents 1.0 in binary mode, as its Kafka binding has it."""
        source = f"/procore/companies/{self.company_id}"
        if self.project_id is not None:
            source += f"/projects/{self.project_id}"
        moment = (self.occurred_at or self.received_at).astimezone(UTC)
        fields = {
            "ce_specversion": "1.0",
            "ce_id": self.event_id,
            "ce_type": f"procore.{_dotless(self.resource_name)}.{_dotless(self.reason)}",
            "ce_source": source,
            "ce_time": moment.isoformat().replace("+00:00", "Z"),
            "content-type": "application/json",
        }
        return [(name, value.encode()) for name, value in fields.items()]

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, value: bytes | None) -> Self:
        """Raises InvalidRecord for anything that is not a WebhookEvent v1."""
        if not value:
            raise InvalidRecord("the record has no value")
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the record"
            raise InvalidRecord(f"{where}: {first['msg']}") from None


def kafka_key(company_id: str, project_id: str | None) -> bytes:
    return f"{company_id}:{project_id or ''}".encode()


@lru_cache(maxsize=256)
def is_owner_invoice(resource_name: str) -> bool:
    """Procore calls an owner invoice "Payment Applications" in its webhooks; spelling varies by version."""
    return "".join(filter(str.isalnum, resource_name)).casefold().removesuffix("s") == OWNER_INVOICE


@lru_cache(maxsize=256)
def _dotless(text: str) -> str:
    words = "".join(char if char.isalnum() else " " for char in text.casefold()).split()
    return "_".join(words) or "unknown"
