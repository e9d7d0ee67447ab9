"""How Odoo speaks, told to the faults that are ordered for one of its databases."""

import contextlib
import json
from typing import TYPE_CHECKING, Any

from deploy.sandbox.faulty.desk import Asked, Request, Said
from deploy.sandbox.faulty.orders import ErpStep
from deploy.sandbox.odoo.errors import ORDERED, OdooError, json2_answer, rpc_answer

if TYPE_CHECKING:
    from deploy.sandbox.odoo.database import Database

STEPS = {
    ("account.move", "load"): ErpStep.CREATE,
    ("account.move", "action_post"): ErpStep.FINISH,
    ("account.move", "write"): ErpStep.REPLACE,
    ("ir.attachment", "create"): ErpStep.ATTACH,
    ("ir.model.data", "search_read"): ErpStep.FIND,
    ("account.move", "search_read"): ErpStep.READ,
    ("account.move.line", "read"): ErpStep.READ,
}
JSON2 = "json2."


class DatabaseVendor:
    """One database's way to speak. A code that begins with `json2.` is said in that interface's form."""

    def __init__(self, database: "Database") -> None:
        self.database = database

    def asked(self, request: Request) -> Asked:
        """By model and method."""
        body = parsed(request.body)
        if request.path.startswith("/json/2/"):
            _, _, _, model, method, *_ = (*request.path.split("/"), "", "")
            return Asked(STEPS.get((model, method), ErpStep.LIST), self.number_in(body))
        params = body.get("params", {})
        args = params.get("args", [])
        if params.get("service") == "common":
            return Asked(ErpStep.LOG_IN)
        model, method = (*args[3:5], "", "")[:2]
        told = (
            dict(zip(("fields", "data"), args[5], strict=False)) if method == "load" else {"ids": (*args[5], None)[0]}
        )
        return Asked(STEPS.get((model, method), ErpStep.LIST), self.number_in(told))

    def number_in(self, told: dict[str, Any]) -> str | None:
        """The client's invoice number, where it is sent or stands in the invoice that is meant."""
        if "data" in told and "ref" in told.get("fields", ()):
            return str(told["data"][0][told["fields"].index("ref")])
        ids = told.get("ids")
        first = ids[0] if isinstance(ids, list) and ids else None
        move = self.database.records["account.move"].get(first) if isinstance(first, int) else None
        return str(move["ref"]) if move and move.get("ref") else None

    def refusal(self, code: str, text: str) -> Said:
        """In the words that belong to the code, or a plain UserError with `text`."""
        name, message = ORDERED.get(code.removeprefix(JSON2), ("odoo.exceptions.UserError", text))
        answer = json2_answer if code.startswith(JSON2) else rpc_answer
        return Said(*answer(OdooError(name, message)))

    def warning(self, name: str, text: str) -> Said:
        """Odoo asks nothing; what it would ask is a refusal."""
        return self.refusal(name, text)

    def busy(self, status: int) -> Said:
        """What stands before Odoo turns it away."""
        return Said(status, f"<h1>{status}</h1>", "text/html")

    def expire_log_ins(self) -> int:
        """The user is made anew, under another id: JSON-RPC has to log in again."""
        self.database.user_id += 1
        return 1


def parsed(body: bytes) -> dict[str, Any]:
    """The body when it is a JSON object, else nothing."""
    with contextlib.suppress(ValueError):
        said = json.loads(body)
        if isinstance(said, dict):
            return said
    return {}
