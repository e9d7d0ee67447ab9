"""One Odoo database, in memory. Nothing here waits, so each operation is a transaction of its own."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from deploy.sandbox.faulty.desk import Desk
from deploy.sandbox.odoo import moves
from deploy.sandbox.odoo.domains import fields_in, matches
from deploy.sandbox.odoo.errors import ATTRIBUTE, INVALID, MISSING, USER, VALUE, OdooError
from deploy.sandbox.odoo.models import MODELS, Kind, fields_of
from deploy.sandbox.odoo.rules import DatabaseRules, seeds
from deploy.sandbox.odoo.values import NOTHING, commands, field_named, stored
from deploy.sandbox.odoo.vendor import DatabaseVendor

Record = dict[str, Any]
FIRST_USER = 2


class Database:
    """Records by model and id; only what was given is kept, everything else is computed when it is read."""

    def __init__(self, name: str, rules: DatabaseRules) -> None:
        self.name = name
        self.rules = rules
        self.user_id = FIRST_USER
        self.desk = Desk(DatabaseVendor(self))
        self.records: defaultdict[str, dict[int, Record]] = defaultdict(dict, seeds(rules))
        self.names_given: defaultdict[str, int] = defaultdict(int)

    def table(self, model: str) -> dict[int, Record]:
        """All records of a model. Raises OdooError where there is no such model."""
        if model not in MODELS:
            raise OdooError(USER, f"Object {model} doesn't exist")
        return self.records[model]

    def get(self, model: str, record_id: int) -> Record:
        """One record. Raises OdooError where it is gone."""
        found = self.table(model).get(record_id)
        if found is None:
            words = f"Record does not exist or has been deleted.\n(Record: {model}({record_id},), User: {self.user_id})"
            raise OdooError(MISSING, words)
        return found

    def create(self, model: str, values: Record) -> int:
        """One record, with its lines. Raises OdooError; nothing is kept then."""
        kept = {name: self.checked(model, name, value) for name, value in values.items() if not is_lines(model, name)}
        if model == "ir.model.data":
            self.check_claim(kept)
        lines = [self.lines_of(model, name, value) for name, value in values.items() if is_lines(model, name)]
        record_id = max(self.table(model), default=0) + 1
        self.table(model)[record_id] = moves.new_move(kept) if model == moves.MOVE else kept
        self.put_lines(record_id, [line for some in lines for line in some])
        return record_id

    def write(self, model: str, ids: Iterable[int], values: Record) -> bool:
        """Change records, posted ones too: Odoo does not mind."""
        for record_id in ids:
            record = self.get(model, record_id)
            kept = {n: self.checked(model, n, v) for n, v in values.items() if not is_lines(model, n)}
            for name, value in values.items():
                if is_lines(model, name):
                    added = self.lines_of(model, name, value)
                    if any(command[0] == 5 for command in value):
                        self.drop_lines(record_id)
                    self.put_lines(record_id, added)
            record |= kept
        return True

    def unlink(self, model: str, ids: Iterable[int]) -> bool:
        """Take records away, and their external ids with them."""
        for record_id in ids:
            record = self.get(model, record_id)
            if model == moves.MOVE and record["state"] == "posted":
                raise OdooError(USER, "You cannot delete an entry which has been posted once.")
            if model == moves.MOVE:
                self.drop_lines(record_id)
            del self.table(model)[record_id]
            claims = self.records["ir.model.data"]
            for number in [n for n, c in claims.items() if (c.get("model"), c.get("res_id")) == (model, record_id)]:
                del claims[number]
        return True

    def search(self, model: str, domain: Any, limit: Any = None) -> list[int]:
        """Ids in order; without what is not active, unless the domain asks for it."""
        self.table(model)
        asked = fields_in(domain)
        for name in asked:
            field_named(model, name)
        if "active" in MODELS[model] and "active" not in asked:
            domain = [["active", "=", True], *domain]
        found = [n for n in sorted(self.records[model]) if matches(domain, partial(self.raw, model, n))]
        return found[: limit or None]

    def read(self, model: str, ids: Iterable[int], names: Sequence[str] | None) -> list[Record]:
        """As Odoo shows them: pointers as pairs, nothing as False, money as floats."""
        wanted = names or list(fields_of(model))
        for name in wanted:
            field_named(model, name)
        return [
            {"id": n} | {name: self.shown(model, n, name) for name in wanted if self.get(model, n) is not None}
            for n in ids
        ]

    def shown(self, model: str, record_id: int, name: str) -> Any:
        """One value."""
        value = self.raw(model, record_id, name)
        field = field_named(model, name)
        if field.kind is Kind.ONE and value:
            return [value, self.raw(field.to, value, "display_name")]
        return value

    def raw(self, model: str, record_id: int, name: str) -> Any:
        """One value, as domains compare it."""
        field = field_named(model, name)
        record = self.get(model, record_id)
        if name == "id":
            return record_id
        if name == "display_name":
            return " ".join(str(record[part]) for part in ("code", "name") if record.get(part)) or str(record_id)
        if model == "account.account" and name == "internal_group":
            return str(record["account_type"]).partition("_")[0]
        if model in {moves.MOVE, moves.LINE}:
            computed = moves.computed(self.records, model, record_id, name)
            if computed is not None:
                return computed
        empty: Any = 0 if field.kind in {Kind.INTEGER, Kind.FLOAT} else [] if field.kind is Kind.MANY else NOTHING
        if model == "res.company" and name == "fiscalyear_lock_date" and self.rules.fiscalyear_lock_date:
            return self.rules.fiscalyear_lock_date.isoformat()
        return record.get(name, empty) or empty

    def checked(self, model: str, name: str, value: Any) -> Any:
        """A value as it is kept; what it points to is there."""
        field = field_named(model, name)
        if field.computed:
            raise OdooError(VALUE, f"Field {name!r} on model {model!r} is computed")
        kept = stored(model, name, value)
        if field.kind in {Kind.ONE, Kind.MANY} and kept:
            for record_id in kept if isinstance(kept, list) else [kept]:
                self.get(field.to, record_id)
        return kept

    def lines_of(self, model: str, name: str, value: Any) -> list[Record]:
        """New lines, checked and not kept yet."""
        to = field_named(model, name).to
        lines = []
        for command in commands(f"{model}.{name}", value):
            if command[0] not in {0, 5} or len(command) != 3:
                raise OdooError(VALUE, f"Wrong value for {model}.{name}: {command!r}")
            if command[0] == 0:
                line = {n: self.checked(to, n, v) for n, v in command[2].items()}
                if not line.get("account_id"):
                    raise OdooError(INVALID, "Missing required value for the field 'Account' (account_id).")
                lines.append(line)
        return lines

    def put_lines(self, move_id: int, lines: Iterable[Record]) -> None:
        """Keep them."""
        for line in lines:
            number = max(self.records[moves.LINE], default=100) + 1
            self.records[moves.LINE][number] = line | {"move_id": move_id}

    def drop_lines(self, move_id: int) -> None:
        """Take all away."""
        for number in moves.line_ids(self.records, move_id):
            del self.records[moves.LINE][number]

    def check_claim(self, values: Record) -> None:
        """The unique index over external ids."""
        module, name = values.get("module"), values.get("name")
        if self.claimed(f"{module}.{name}") is not None:
            words = (
                'duplicate key value violates unique constraint "ir_model_data_module_name_uniq_index"\n'
                f"DETAIL:  Key (module, name)=({module}, {name}) already exists."
            )
            raise OdooError(INVALID, words)

    def claimed(self, external_id: str) -> Record | None:
        """Who has it."""
        module, _, name = external_id.partition(".")
        claims = self.records["ir.model.data"].values()
        return next((one for one in claims if (one["module"], one["name"]) == (module, name)), None)

    def post(self, ids: Iterable[int]) -> bool:
        """Give numbers. The answer is False, which is no failure."""
        for record_id in ids:
            record = self.get(moves.MOVE, record_id)
            moves.check_posting(self.records, record_id, record)
            year = record["invoice_date"][:4]
            if not record["posted_before"]:
                self.names_given[year] += 1
                record["name"] = f"INV/{year}/{self.names_given[year]:05d}"
            record |= {"state": "posted", "posted_before": True}
            record["date"] = moves.accounting_date(record["invoice_date"], self.rules.fiscalyear_lock_date)
        return False

    def no_method(self, model: str, method: str) -> OdooError:
        """What Odoo says of a method that it does not have."""
        return OdooError(ATTRIBUTE, f"The method '{model}.{method}' does not exist")


def is_lines(model: str, name: str) -> bool:
    """Whether this is the field that holds the lines."""
    return field_named(model, name).kind is Kind.LINES
