"""The current row of an export: its columns from the fold. The writer writes it, `ledger verify` compares."""

from typing import Any

from shared.ledger.state import State


def row_of(state: State) -> dict[str, Any]:
    """Column name to value, for every column that the entries decide."""
    look, standing = state.look, state.standing
    return {
        "status": state.status.value,
        "since": state.since,
        "version": state.version,
        "generation": state.generation,
        "reasons": [reason.value for reason in state.reasons],
        "waits_for": state.waits_for,
        "contract_id": look and look.contract_id,
        "number": look and look.number,
        "invoice_number": look and look.invoice_number,
        "customer_name": look and look.customer_name,
        "billing_date": look and look.billing_date,
        "amount": look and look.amount,
        "currency": look and look.currency,
        "erp_ref": standing and standing.ref,
        "erp_number": standing and standing.number,
        "erp_url": standing and standing.url,
        "approvers": list(state.authority.users) if state.authority else [],
        "attempts": state.attempts,
        "state": state.model_dump(mode="json"),
    }
