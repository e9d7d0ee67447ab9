"""To whom a hook belongs: a company or a project, and always to the caller's company."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from deploy.sandbox.procore.access import Caller
from deploy.sandbox.procore.errors import bad_request, not_found
from deploy.sandbox.procore.hooks import Hook


class Scope(BaseModel):
    """One of the two; Procore takes it in the query of reads and in the body of writes."""

    company_id: int | None = None
    project_id: int | None = None


TheScope = Annotated[Scope, Query()]


def check_scope(caller: Caller, scope: Scope) -> None:
    if (scope.company_id is None) == (scope.project_id is None):
        raise bad_request("company_id", "or project_id must be given, not both")
    if scope.company_id is not None:
        caller.company(scope.company_id)
    else:
        caller.project(scope.project_id)


def hook_of(caller: Caller, hook_id: int) -> Hook:
    hook = caller.world.hooks.get(hook_id)
    if hook is None or hook.company_id != caller.company_id:
        raise not_found()
    return hook
