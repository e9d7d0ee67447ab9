"""Companies' projects and people. A field that Procore leaves out is None."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.procore.client import ProcoreClient
from shared.procore.wire import house_id, wire_id

PROJECTS = "/rest/v1.0/projects"
USERS = "/rest/v1.3/companies/{company_id}/users"
USER = "/rest/v1.3/companies/{company_id}/users/{user_id}"


@dataclass(frozen=True)
class Project:
    """`is_active` is None where Procore does not say; its list holds the active ones."""

    id: str
    name: str
    number: str | None
    is_active: bool | None


@dataclass(frozen=True)
class PermissionTemplate:
    """A named set of tool levels; which level it gives on ERP Integrations is not documented."""

    id: str
    name: str
    type: str | None


@dataclass(frozen=True)
class User:
    """`erp_integrated_accountant` very probably is 'Can Push to Accounting'; no page of Procore's says so.

    `is_active` is False where Procore does not say: rights hang on it and are never assumed.
    """

    id: str
    name: str
    email: str | None
    is_active: bool
    is_employee: bool | None
    erp_integrated_accountant: bool | None
    permission_template: PermissionTemplate | None


@dataclass(frozen=True)
class Directory:
    """Each method raises as ProcoreClient."""

    client: ProcoreClient

    async def projects(self, company_id: str) -> AsyncIterator[Project]:
        """The projects our service account may see; a new one only after an admin permits it."""
        params = {"company_id": wire_id(company_id)}
        async for row in self.client.pages(PROJECTS, company_id=company_id, params=params):
            yield _project(row)

    async def users(self, company_id: str) -> AsyncIterator[User]:
        async for row in self.client.pages(USERS, company_id=company_id):
            yield _user(row)

    async def user(self, company_id: str, user_id: str) -> User:
        return _user(await self.client.one(USER, company_id=company_id, ids={"user_id": user_id}))


def _project(row: Mapping[str, Any]) -> Project:
    return Project(
        id=house_id(row.get("id")),
        name=_text(row.get("name")) or "",
        number=_text(row.get("project_number")),
        is_active=_flag(row.get("active")),
    )


def _user(row: Mapping[str, Any]) -> User:
    template = row.get("company_permission_template") or row.get("permission_template")
    return User(
        id=house_id(row.get("id")),
        name=_text(row.get("name")) or _full_name(row),
        email=_text(row.get("email_address")) or _text(row.get("email")),
        is_active=row.get("is_active") is True,
        is_employee=_flag(row.get("is_employee")),
        erp_integrated_accountant=_flag(row.get("erp_integrated_accountant")),
        permission_template=_template(template),
    )


def _template(part: Any) -> PermissionTemplate | None:
    if not isinstance(part, dict) or not house_id(part.get("id")):
        return None
    return PermissionTemplate(house_id(part["id"]), _text(part.get("name")) or "", _text(part.get("type")))


def _full_name(row: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (_text(row.get("first_name")), _text(row.get("last_name")))))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
