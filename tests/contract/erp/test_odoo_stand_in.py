"""The stand-in's own promise: as strict and as odd as the real Odoo was seen to be."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from deploy.sandbox.odoo.control_client import OdooControl
from deploy.sandbox.odoo.server import OdooServer

KEY = "sandbox-key"
LINE = {"name": "Slab", "account_id": 23, "quantity": 1, "price_unit": 90000.0, "tax_ids": [[6, 0, []]]}
INVOICE: dict[str, Any] = {
    "move_type": "out_invoice",
    "partner_id": 7,
    "currency_id": 1,
    "invoice_date": "2026-10-31",
    "invoice_line_ids": [[0, 0, LINE]],
}
COLUMNS = ["id", "move_type", "partner_id/.id", "invoice_date"]
COLUMNS += ["invoice_line_ids/account_id/.id", "invoice_line_ids/quantity", "invoice_line_ids/price_unit"]


class Caller:
    """Plain calls, as any client makes them."""

    def __init__(self, http: httpx.AsyncClient, database: str) -> None:
        self.http = http
        self.database = database

    async def rpc(self, service: str, method: str, *args: Any) -> Any:
        """JSON-RPC: the result, or the error's data."""
        params = {"service": service, "method": method, "args": args}
        answer = await self.http.post("/jsonrpc", json={"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
        assert answer.status_code == 200
        body = answer.json()
        return body["error"]["data"] if "error" in body else body.get("result")

    async def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """One model's method."""
        return await self.rpc("object", "execute_kw", self.database, 2, KEY, model, method, list(args), kwargs)

    async def load(self, amount: str, **context: Any) -> Any:
        """One invoice with the external id procore.one."""
        row = ["procore.one", "out_invoice", "7", "2026-10-31", "23", "1", amount]
        return await self.call("account.move", "load", COLUMNS, [row], context=context)

    async def total(self, number: int) -> Any:
        """What the invoice comes to."""
        [shown] = await self.call("account.move", "read", [number], fields=["amount_total"])
        return shown["amount_total"]


@pytest.fixture
async def odoo(odoo_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    name = f"plain-{abs(hash(request.node.nodeid))}"
    async with OdooControl(odoo_url) as control, httpx.AsyncClient(base_url=odoo_url, verify=False) as http:
        await control.set_up(name)
        yield Caller(http, name)


async def test_a_wrong_password_is_false_and_no_error(odoo: Caller) -> None:
    assert await odoo.rpc("common", "login", odoo.database, "export", KEY) == 2
    assert await odoo.rpc("common", "login", odoo.database, "export", "wrong") is False
    assert (await odoo.rpc("object", "execute_kw", odoo.database, 2, "wrong", "res.partner", "read", [[7]]))[
        "name"
    ] == ("odoo.exceptions.AccessDenied")


STRICT: list[tuple[str, str, list[Any], str]] = [
    ("account.invoice", "read", [[1]], "odoo.exceptions.UserError"),
    ("account.move", "action_sing", [[1]], "builtins.AttributeError"),
    ("account.move", "_post", [[1]], "odoo.exceptions.AccessError"),
    ("account.move", "create", [INVOICE | {"colour": "blue"}], "builtins.ValueError"),
    ("account.move", "create", [INVOICE | {"amount_total": 1.0}], "builtins.ValueError"),
    ("account.move", "create", [INVOICE | {"partner_id": "7"}], "builtins.ValueError"),
    ("account.move", "create", [INVOICE | {"invoice_date": "31.10.2026"}], "builtins.ValueError"),
    ("account.move", "create", [INVOICE | {"invoice_line_ids": [LINE]}], "builtins.ValueError"),
    (
        "account.move",
        "create",
        [INVOICE | {"invoice_line_ids": [[0, 0, LINE | {"price_unit": "9"}]]}],
        "builtins.ValueError",
    ),
    ("account.move", "create", [INVOICE | {"partner_id": 404}], "odoo.exceptions.MissingError"),
    ("account.move", "read", [[404]], "odoo.exceptions.MissingError"),
    ("account.move", "search_read", [[["colour", "=", 1]]], "builtins.ValueError"),
    ("account.move", "search_read", ["state = draft"], "builtins.ValueError"),
    ("account.move", "load", [["colour"], [["blue"]]], "builtins.ValueError"),
    ("account.move", "read", [[1], ["id"], None, "more"], "builtins.TypeError"),
]


@pytest.mark.parametrize(("model", "method", "args", "name"), STRICT)
async def test_whatever_odoo_does_not_know_fails(
    odoo: Caller, model: str, method: str, args: list[Any], name: str
) -> None:
    said = await odoo.call(model, method, *args)
    assert said["name"] == name
    assert said["debug"].startswith("Traceback")
    assert await odoo.call("account.move", "search_read", []) == []


async def test_two_invoices_may_carry_the_same_ref(odoo: Caller) -> None:
    made = [await odoo.call("account.move", "create", INVOICE | {"ref": "HBL-7"}) for _ in range(2)]
    assert [await odoo.call("account.move", "action_post", [one]) for one in made] == [False, False]
    shown = await odoo.call("account.move", "read", made, fields=["name", "state", "amount_total"])
    assert [one["name"] for one in shown] == ["INV/2026/00001", "INV/2026/00002"]
    assert [one["amount_total"] for one in shown] == [90000.0, 90000.0]


async def test_an_external_id_is_claimed_once(odoo: Caller) -> None:
    made = await odoo.call("account.move", "create", INVOICE)
    claim = {"module": "procore", "name": "one", "model": "account.move", "res_id": made}
    assert await odoo.call("ir.model.data", "create", claim) == 1
    again = await odoo.call("ir.model.data", "create", claim)
    assert again["name"] == "odoo.exceptions.ValidationError"
    assert "ir_model_data_module_name_uniq_index" in again["message"]


async def test_a_plain_load_changes_even_a_posted_invoice(odoo: Caller) -> None:
    [made] = (await odoo.load("90000"))["ids"]
    assert (await odoo.load("90000"))["ids"] == [made]
    assert await odoo.total(made) == 90000.0
    await odoo.call("account.move", "action_post", [made])

    assert (await odoo.load("110000"))["ids"] == [made]
    assert await odoo.total(made) == 110000.0


async def test_a_marked_external_id_is_left_alone_in_update_mode(odoo: Caller) -> None:
    [made] = (await odoo.load("90000", mode="update", noupdate=True))["ids"]
    assert (await odoo.load("110000", mode="update", noupdate=True))["ids"] == [made]
    assert await odoo.total(made) == 90000.0
    # Either half alone protects nothing.
    await odoo.load("110000", noupdate=True)
    assert await odoo.total(made) == 110000.0


async def test_of_loads_at_once_one_makes_it(odoo: Caller) -> None:
    said = await asyncio.gather(*(odoo.load("90000") for _ in range(5)))

    ids = {tuple(one["ids"]) for one in said if one["ids"]}
    assert len(ids) == 1
    lost = [one["messages"][0]["message"] for one in said if one["ids"] is False]
    assert set(lost) <= {"could not serialize access due to concurrent update"}
    assert len(await odoo.call("account.move", "search_read", [])) == 1


async def test_a_load_that_fails_tells_it_in_messages(odoo: Caller) -> None:
    row = ["procore.one", "out_invoice", "404", "2026-10-31", "23", "1", "1"]
    said = await odoo.call("account.move", "load", COLUMNS, [row])
    assert said["ids"] is False
    assert said["messages"][0]["message"].startswith("No matching record found for database id '404'")
    assert await odoo.call("ir.model.data", "search_read", []) == []


async def test_posting_twice_is_refused_in_odoo_s_words(odoo: Caller) -> None:
    made = await odoo.call("account.move", "create", INVOICE)
    said = await asyncio.gather(*(odoo.call("account.move", "action_post", [made]) for _ in range(4)))
    assert sum(one is False for one in said) == 1
    assert all("must be in draft" in one["message"] for one in said if one is not False)


async def test_a_posted_invoice_takes_new_lines_and_no_deleting(odoo: Caller) -> None:
    made = await odoo.call("account.move", "create", INVOICE)
    await odoo.call("account.move", "action_post", [made])
    assert await odoo.call("account.move", "write", [made], {"invoice_line_ids": [[0, 0, LINE]]}) is True
    assert await odoo.total(made) == 180000.0
    assert (await odoo.call("account.move", "unlink", [made]))["name"] == "odoo.exceptions.UserError"


async def test_json_2_answers_with_real_statuses(odoo_url: str, odoo: Caller) -> None:
    headers = {"Authorization": f"bearer {KEY}", "X-Odoo-Database": odoo.database}

    async def status(path: str, body: Any, **changed: str) -> int:
        return (await odoo.http.post(f"/json/2/{path}", json=body, headers=headers | changed)).status_code

    assert await status("res.partner/read", {"ids": [7]}) == 404  # on 17 there is no such interface
    async with OdooControl(odoo_url) as control:
        await control.set_up(odoo.database, version="19.0")
    assert await status("res.partner/read", {"ids": [7], "fields": ["name"]}) == 200
    assert await status("res.partner/read", {"ids": [7]}, Authorization="bearer wrong") == 401
    assert await status("res.partner/read", {"ids": [404]}) == 404
    assert await status("res.partner/read", {"ids": [7], "colour": 1}) == 422
    assert await status("res.cat/read", {"ids": [7]}) == 404
    assert await status("account.move/action_post", {"ids": [404]}) == 404
    made = await odoo.http.post("/json/2/account.move/create", json={"vals_list": INVOICE}, headers=headers)
    assert made.json() == [1]


async def test_a_reset_forgets_every_database_but_the_first() -> None:
    with OdooServer(databases=("one",)).in_thread() as url:
        async with OdooControl(url) as control:
            await control.set_up("two")
            await control.reset()
            assert await control.documents("one") == []
            with pytest.raises(httpx.HTTPStatusError):
                await control.documents("two")


async def test_the_stand_in_starts_from_the_command_line() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.sandbox.odoo", "--database", "ironside", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with OdooControl(url) as control:
        assert await control.documents("ironside") == []
    process.send_signal(signal.SIGTERM)
    assert await process.wait() in {0, -signal.SIGTERM}
