"""ExportEvent v1: a change of an export's status, for other systems. Fed from the ledger's entries."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.events.webhook_event import kafka_key


class ExportEvent(BaseModel):
    """`entry_id` is unique: a consumer that sees it twice has seen a repetition. Order holds within a key."""

    model_config = ConfigDict(frozen=True)

    version: int = 1
    entry_id: int
    export_id: int
    seq: int
    kind: str
    at: AwareDatetime
    company_id: str
    project_id: str
    payment_application_id: str
    connection: str
    status_before: str
    status: str
    reasons: tuple[str, ...] = ()
    erp_number: str | None = None

    @property
    def kafka_key(self) -> bytes:
        """The project's key."""
        return kafka_key(self.company_id, self.project_id)

    def to_bytes(self) -> bytes:
        """The record's value."""
        return self.model_dump_json().encode()
