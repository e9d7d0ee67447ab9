"""A command: what a person asks of one export, signed by whoever took it from them, judged again by the worker."""

import hashlib
import hmac
from enum import StrEnum
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from shared.events.webhook_event import InvalidRecord, Word, kafka_key
from shared.ledger.versions import read_stored


class Action(StrEnum):
    """What can be asked; see design.md, Statuses."""

    REPLAY = "replay"
    RELEASE = "release"
    ACCEPT = "accept"
    CONFIRM = "confirm"
    RESOLVE = "resolve"


class OperatorRole(StrEnum):
    """In which capacity somebody asks."""

    OPERATOR = "operator"
    ACCOUNTING_APPROVER = "accounting_approver"
    ADMIN = "admin"


class Command(BaseModel):
    """`by` is an account's id, never a name. `nonce` is new for every request, so that none is a silent no-op.

    `invoice_number` is what the operator typed to replay afresh; `erp_number` belongs to resolve and confirm;
    `user_id` is the releasing approver's Procore id; `warning` names what is accepted; `fingerprint` is the content
    that the person saw, where they were shown one. A `dry_run` only asks what would become of it.

    The signature covers what is not at its default: so a field that is added later breaks no command of the version
    before, and a value in a field that this version does not know breaks the check.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    version: int = 1
    nonce: Word
    action: Action
    export_id: int
    company_id: str
    project_id: str
    by: Word
    role: OperatorRole
    why: str
    at: AwareDatetime
    afresh: bool = False
    invoice_number: str | None = None
    user_id: str | None = None
    warning: str | None = None
    dismissed: bool = False
    erp_number: str | None = None
    fingerprint: str | None = None
    dry_run: bool = False
    signature: str = ""

    @property
    def kafka_key(self) -> bytes:
        """The project's key, so that commands and events of one project are read by one worker."""
        return kafka_key(self.company_id, self.project_id)

    def signed(self, key: SecretStr) -> Self:
        """The same command with its signature."""
        return self.model_copy(update={"signature": self._signature(key)})

    def is_signed_with(self, key: SecretStr) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.signature.encode(), self._signature(key).encode())

    def to_bytes(self) -> bytes:
        """The record's value."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, value: bytes | None) -> Self:
        """Raises InvalidRecord for anything that is not a command v1."""
        try:
            return cls.model_validate_json(value or b"")
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the record"
            raise InvalidRecord(f"{where}: {first['msg']}") from None

    def _signature(self, key: SecretStr) -> str:
        content = self.model_dump_json(exclude={"signature"}, exclude_defaults=True).encode()
        return hmac.new(key.get_secret_value().encode(), content, hashlib.sha256).hexdigest()


_COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


def command_from_json(value: Any) -> Command:
    """The command that a row of `commands` holds. Raises WrittenByNewer, pydantic.ValidationError."""
    return read_stored(_COMMANDS, value)
