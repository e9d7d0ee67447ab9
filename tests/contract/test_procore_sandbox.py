"""The REST side of the Procore sandbox: log-in, scope, paging, owner invoices, writing back."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.contract.procore_sandbox import INVOICES, Stage, a_stage, log_in


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage() as stage:
        yield stage


# Log-in and scope


async def test_a_wrong_client_secret_is_refused(stage: Stage):
    form = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "wrong"}
    response = await stage.api.post("/oauth/token", data=form)
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


async def test_a_token_may_be_asked_for_in_json(stage: Stage):
    body = {
        "grant_type": "client_credentials",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
    }
    token = (await stage.api.post("/oauth/token", json=body)).json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 5400)


async def test_a_token_dies_after_ninety_sandbox_minutes(stage: Stage):
    assert (await stage.api.get("/rest/v1.0/me")).status_code == 200
    await stage.control.advance_clock(5401)
    assert (await stage.api.get("/rest/v1.0/me")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer made-up"}, 401),
        ({"Procore-Company-Id": "999"}, 403),
        ({"Procore-Company-Id": "nonsense"}, 403),
    ],
)
async def test_wrong_headers_are_refused(stage: Stage, headers: dict[str, str], status: int):
    assert (await stage.api.get("/rest/v1.0/companies", headers=headers)).status_code == status


async def test_the_company_header_is_required(stage: Stage):
    del stage.api.headers["Procore-Company-Id"]
    response = await stage.api.get("/rest/v1.0/companies")
    assert response.status_code == 400
    assert response.json() == {"errors": {"Procore-Company-Id": ["header is missing"]}}


async def test_a_project_of_another_company_is_forbidden(stage: Stage):
    other = await stage.control.create_company(name="Another")
    project = await stage.control.create_project(company_id=other)
    response = await stage.api.get(INVOICES, params={"project_id": project})
    assert response.status_code == 403


@pytest.mark.parametrize("status", [403, 404])
async def test_an_unpermitted_project_is_refused_and_unlisted(stage: Stage, status: int):
    await stage.control.permit_projects("sandbox-client", [], denied_status=status)
    refused = await stage.api.get(INVOICES, params={"project_id": stage.project})
    listed = await stage.api.get("/rest/v1.0/projects", params={"company_id": stage.company})
    assert (refused.status_code, listed.json()) == (status, [])
    await stage.control.permit_projects("sandbox-client", None)
    assert (await stage.api.get(INVOICES, params={"project_id": stage.project})).status_code == 200


async def test_a_second_service_account_logs_in(stage: Stage):
    await stage.control.create_service_account(
        client_id="second", client_secret="s2", permitted_project_ids=[stage.project]
    )
    stage.api.headers["Authorization"] = f"Bearer {await log_in(stage.api, 'second', 's2')}"
    me = (await stage.api.get("/rest/v1.0/me")).json()
    assert me["id"] == (await stage.control.service_account("second"))["user_id"]


# Directory


async def test_users_show_their_accounting_privilege(stage: Stage):
    template = await stage.control.create_template(company_id=stage.company, levels={"erp_integrations": "standard"})
    user = await stage.control.create_user(
        company_id=stage.company,
        name="Cleo Clark",
        erp_integrated_accountant=True,
        is_employee=False,
        permission_template_id=template,
    )
    users = f"/rest/v1.3/companies/{stage.company}/users"
    shown = (await stage.api.get(f"{users}/{user}")).json()
    assert shown["erp_integrated_accountant"] is True
    assert (shown["is_active"], shown["is_employee"]) == (True, False)
    assert shown["company_permission_template"]["id"] == template
    assert [each["id"] for each in (await stage.api.get(users)).json()] == [stage.ada, user]


async def test_permission_templates_show_tool_levels(stage: Stage):
    levels = {"erp_integrations": "admin", "directory": "read_only"}
    template = await stage.control.create_template(company_id=stage.company, levels=levels)
    path = f"/rest/v1.0/companies/{stage.company}/permission_templates"
    shown = (await stage.api.get(f"{path}/{template}")).json()
    assert shown["user_access_levels"]["erp_integrations"] == {"id": 4, "name": "Admin"}
    bare = (await stage.api.get(path, params={"filters[type]": "company_tools"})).json()
    full = (await stage.api.get(path, params={"view": "with_permissions"})).json()
    assert ("user_access_levels" in bare[0], "user_access_levels" in full[0]) == (False, True)
    assert (await stage.api.get(path, params={"filters[type]": "project_tools"})).json() == []


async def test_only_the_own_access_levels_are_readable(stage: Stage):
    response = await stage.api.get("/rest/v1.0/settings/permissions", params={"company_id": stage.company})
    tools = {tool["name"]: tool["user_access_level"]["name"] for tool in response.json()["tools"]}
    assert tools["webhooks_api"] == "Standard"


# Owner invoices


async def test_a_listing_is_paged_with_headers(stage: Stage):
    invoices = [await stage.an_invoice() for _ in range(5)]
    params = {"project_id": stage.project, "per_page": 2, "page": 2}
    response = await stage.api.get(INVOICES, params=params)
    assert [each["id"] for each in response.json()] == invoices[2:4]
    assert (response.headers["total"], response.headers["per-page"]) == ("5", "2")
    assert set(response.links) == {"next", "last", "first", "prev"}
    last = await stage.api.get(response.links["last"]["url"])
    assert [each["id"] for each in last.json()] == invoices[4:]
    assert "next" not in last.links


async def test_the_list_has_g702_and_times_but_no_g703(stage: Stage):
    invoice = await stage.an_invoice()
    listed = (await stage.api.get(INVOICES, params={"project_id": stage.project})).json()[0]
    assert listed["id"] == invoice
    assert {"created_at", "updated_at", "g702"} <= set(listed)
    assert "g703" not in listed
    assert "g703" in await stage.shown(invoice)


async def test_showing_an_invoice_needs_the_project(stage: Stage):
    response = await stage.api.get(f"{INVOICES}/{await stage.an_invoice()}")
    assert response.status_code == 400
    assert "project_id" in response.json()["errors"]


async def test_the_show_may_lack_updated_at(stage: Stage):
    invoice = await stage.an_invoice()
    assert "updated_at" in await stage.shown(invoice)
    await stage.control.set_switches(show_has_updated_at=False)
    assert "updated_at" not in await stage.shown(invoice)


async def test_invoices_of_a_contract_are_filtered(stage: Stage):
    first, last = await stage.an_invoice(), await stage.an_invoice()
    path = f"/rest/v1.0/prime_contracts/{stage.contract}/payment_applications"

    async def ids(**filters: str) -> list[int]:
        response = await stage.api.get(path, params={"project_id": stage.project} | filters)
        return [each["id"] for each in response.json()]

    assert await ids() == [first, last]
    assert await ids(**{"filters[is_last]": "true"}) == [last]
    assert await ids(**{"filters[id]": str(first)}) == [first]


async def test_a_prime_contract_names_its_client(stage: Stage):
    path = f"/rest/v1.0/prime_contracts/{stage.contract}"
    contract = (await stage.api.get(path, params={"project_id": stage.project})).json()
    assert contract["vendor"]["company"] == "Harbor Library District"
    assert contract["grand_total"] == "1200000.00"


async def test_a_billing_period_tells_the_due_date(stage: Stage):
    invoice = await stage.an_invoice(period_start="2026-04-01", period_end="2026-04-30", due_date="2026-05-31")
    period = (await stage.shown(invoice))["period_id"]
    path = f"/rest/v1.0/projects/{stage.project}/billing_periods/{period}"
    assert (await stage.api.get(path)).json()["due_date"] == "2026-05-31"


# Writing back


async def test_a_patch_changes_status_and_number(stage: Stage):
    invoice = await stage.an_invoice()
    response = await stage.patch(invoice, status="approved", invoice_number="X-1", billing_date="2026-04-30")
    assert response.status_code == 200
    shown = await stage.shown(invoice)
    assert (shown["status"], shown["invoice_number"], shown["billing_date"]) == (
        "approved",
        "X-1",
        "2026-04-30",
    )
    change = (await stage.control.history())["changes"][-1]
    assert (change["by_api"], change["status_after"]) == (True, "approved")


async def test_an_origin_id_locks_the_invoice(stage: Stage):
    invoice = await stage.an_invoice()
    assert (await stage.patch(invoice, origin_id="AR-1")).status_code == 200
    assert (await stage.patch(invoice, invoice_number="X-2")).status_code == 422
    assert (await stage.api.delete(f"{INVOICES}/{invoice}", params={"project_id": stage.project})).status_code == 422
    with pytest.raises(httpx.HTTPStatusError, match="422"):
        await stage.control.revise(invoice, user_id=stage.ada)
    await stage.control.revise(invoice, user_id=stage.ada, force=True)


async def test_a_taken_origin_id_is_a_conflict(stage: Stage):
    first, second = await stage.an_invoice(), await stage.an_invoice()
    await stage.patch(first, origin_id="AR-1")
    response = await stage.patch(second, origin_id="AR-1")
    assert (response.status_code, response.json()["error"]["code"]) == (409, 409)


@pytest.mark.parametrize("fields", [{"status": "approved_as_noted"}, {"billing_date": "soon"}])
async def test_a_bad_patch_changes_nothing(stage: Stage, fields: dict[str, str]):
    invoice = await stage.an_invoice()
    before = await stage.shown(invoice)
    assert (await stage.patch(invoice, invoice_number="X-9", **fields)).status_code == 422
    assert await stage.shown(invoice) == before


async def test_a_deleted_invoice_is_not_found(stage: Stage):
    invoice = await stage.an_invoice()
    params = {"project_id": stage.project}
    assert (await stage.api.delete(f"{INVOICES}/{invoice}", params=params)).status_code == 204
    assert (await stage.api.get(f"{INVOICES}/{invoice}", params=params)).status_code == 404
