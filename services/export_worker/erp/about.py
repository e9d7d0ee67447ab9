"""What people have to know about a kind of ERP before they rely on it: text and data, shown as they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from services.export_worker.core.capabilities import Capabilities


@dataclass(frozen=True, kw_only=True)
class About:
    """The source of `connections things-to-know` and of docs/erps. Each text is one plain sentence or two.

    `variants` names each way to use the ERP ("stock", "with our module") and what it can; the first is the usual one.
    `settings` and `secrets` are the models that check a connection's tables of those names.
    `proven_on` says on what the adapter was tried, and on what it was not.
    Each field of those models has a description, which the documents show as its meaning.
    """

    title: str
    versions: str
    proven_on: str
    settings: type[BaseModel]
    secrets: type[BaseModel]
    variants: Mapping[str, Capabilities]
    prerequisites: tuple[str, ...]
    limitations: tuple[str, ...]
    considerations: tuple[str, ...]
    mappings: Mapping[str, str] = field(default_factory=dict)  # kind -> what its erp_id is in this ERP
    is_for_trying_out: bool = False
