"""A connection as people see it: what its file says, and what is to be known of its ERP. Pure.

Never a secret, and nothing of the adapter's own settings. The worker that started last wrote it.
"""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.connections.connection import VerifyApprover, VerifyWhen

Row = tuple[str, ...]


class Shown(BaseModel):
    """Tolerant: what another version wrote is shown as far as this one knows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ProfileSection(Shown):
    """A heading with sentences, or with a table. Words between backquotes are code."""

    title: str
    sentences: tuple[str, ...] = ()
    head: Row = ()
    rows: tuple[Row, ...] = ()


class ConnectionProfile(Shown):
    """The fields are the connections file's (docs/connections.md); `title` is the ERP's name.

    `project_ids` None: the whole company. `start_from` is a date in ISO form, or "all"; None: not said.
    """

    name: str
    company_id: str
    project_ids: tuple[str, ...] | None = None
    adapter: str
    title: str
    mode: str
    finish: str
    accounting_date: str
    time_zone: str
    start_from: str | None = None
    lines: str
    payment_days: int | None = None
    number_rule: str | None = None
    attach: str
    requests_per_minute: int
    concurrency: int
    write_back: bool
    verify_approver: str
    procore_web_url: str
    second_person_above: Decimal | None = None
    sections: tuple[ProfileSection, ...] = ()


def in_words(verify: VerifyApprover) -> str:
    """As the connections file has it."""
    return f"above {verify.amount}" if verify.when is VerifyWhen.ABOVE else verify.when.value
