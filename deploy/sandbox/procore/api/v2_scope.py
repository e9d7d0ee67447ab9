"""The v2 routes of webhooks: below a company, or below one of its projects; ids are text, answers in an envelope."""

from typing import Annotated, Any

from fastapi import Depends

from deploy.sandbox.procore.access import Caller, TheCaller
from deploy.sandbox.procore.errors import not_found
from deploy.sandbox.procore.hooks import Hook

COMPANY = "/rest/v2.0/companies/{company_id}/webhooks/hooks"
PROJECT = "/rest/v2.0/companies/{company_id}/projects/{project_id}/webhooks/hooks"
PLACES = (COMPANY, PROJECT)

Answer = dict[str, Any]


class V2Scope:
    """`project_id` None is the company's own. Raises as Caller when it may not be seen."""

    def __init__(self, caller: TheCaller, company_id: int, project_id: int | None = None) -> None:
        self.caller: Caller = caller
        self.company_id = caller.company(company_id)
        self.project_id = None if project_id is None else caller.project(project_id).id

    def hooks(self) -> list[Hook]:
        every = self.caller.world.hooks.values()
        return [each for each in every if (each.company_id, each.project_id) == (self.company_id, self.project_id)]

    def hook(self, hook_id: int) -> Hook:
        for hook in self.hooks():
            if hook.id == hook_id:
                return hook
        raise not_found()


TheV2Scope = Annotated[V2Scope, Depends()]


def text_of(value: int | None) -> str | None:
    return None if value is None else str(value)
