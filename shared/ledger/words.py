"""The closed sets of words that the ledger, the pages and the command line share."""

from enum import StrEnum


class Status(StrEnum):
    """Where an export stands. Who moves it on is said beside each."""

    NONE = "none"  # before the first entry
    WAITING = "waiting"  # to be decided or to be sent; the clock moves it
    SKIPPED = "skipped"  # nothing to do as the invoice stands; the next webhook looks again
    HELD = "held"  # needs a person: a change in Procore, a replay, a release or a resolution
    EXPORTING = "exporting"  # an attempt is open; when its lease runs out the clock resumes it
    RETRYING = "retrying"  # an attempt was made; the clock tries again
    EXPORTED = "exported"  # the ERP confirmed it
    FAILED = "failed"  # the ERP said no to the document; a person mends and replays


class Reason(StrEnum):
    """Why an export stands where it stands. Each has one sentence in `NEXT_STEP`."""

    # not now, goes by itself
    AWAITING_EVENT = "awaiting_event"
    CONNECTION_MISSING = "connection_missing"
    OUT_OF_ORDER = "out_of_order"
    PAUSED = "paused"
    CIRCUIT_OPEN = "circuit_open"
    RETRY_LATER = "retry_later"
    # nothing to do
    NOT_APPROVED = "not_approved"
    INVOICE_DELETED = "invoice_deleted"
    BEFORE_START = "before_start"
    REHEARSED = "rehearsed"
    DISMISSED = "dismissed"
    # a person is needed
    OUTCOME_UNKNOWN = "outcome_unknown"
    INVOICE_UNREADABLE = "invoice_unreadable"
    DELETED_AFTER_EXPORT = "deleted_after_export"
    APPROVAL_WITHDRAWN = "approval_withdrawn"
    TOTALS_DIFFER = "totals_differ"
    CHANGED_AFTER_EXPORT = "changed_after_export"
    CANCELLED_IN_ERP = "cancelled_in_erp"
    CHANGED_IN_ERP = "changed_in_erp"
    CHANGED_AFTER_DISMISSAL = "changed_after_dismissal"
    NOT_SUPPORTED_BY_ERP = "not_supported_by_erp"
    ALREADY_LINKED = "already_linked"
    APPROVER_UNKNOWN = "approver_unknown"
    APPROVER_AMBIGUOUS = "approver_ambiguous"
    APPROVER_NOT_RECORDED = "approver_not_recorded"
    APPROVER_UNVERIFIED = "approver_unverified"
    APPROVER_INACTIVE = "approver_inactive"
    APPROVER_RECORD_STALE = "approver_record_stale"
    APPROVER_LACKS_TOOL_LEVEL = "approver_lacks_tool_level"
    APPROVER_LACKS_PRIVILEGE = "approver_lacks_privilege"
    APPROVER_MAY_NOT_EXPORT_OWNER_INVOICES = "approver_may_not_export_owner_invoices"
    CHANGED_AFTER_APPROVAL = "changed_after_approval"
    SUMS_DIFFER = "sums_differ"
    PREVIOUS_CERTIFICATES_DIFFER = "previous_certificates_differ"
    DRAFT_DIFFERS = "draft_differs"
    FOUND_SEVERAL = "found_several"
    ERP_ASKS = "erp_asks"
    HANDED_OVER = "handed_over"
    RETRIES_EXHAUSTED = "retries_exhausted"
    INTERNAL_ERROR = "internal_error"
    # the ERP said no, or would (checked before the call)
    PERIOD_CLOSED = "period_closed"
    DATE_OUT_OF_SEQUENCE = "date_out_of_sequence"
    DUPLICATE_NUMBER = "duplicate_number"
    MISSING_MAPPING = "missing_mapping"
    MISSING_FIELD = "missing_field"
    TOO_LONG = "too_long"
    UNSUPPORTED = "unsupported"
    CONTRACT_NOT_SYNCED = "contract_not_synced"
    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY = "currency"
    NOT_ALLOWED = "not_allowed"


NEXT_STEP: dict[Reason, str] = {
    Reason.AWAITING_EVENT: "Nothing: the webhook that tells who approved is on its way.",
    Reason.CONNECTION_MISSING: "Add a connection for this company or project to the connections file.",
    Reason.OUT_OF_ORDER: "Export, resolve or dismiss the earlier invoice of the contract; this one follows by itself.",
    Reason.PAUSED: "Resume the connection when the ERP may receive invoices again.",
    Reason.CIRCUIT_OPEN: "Nothing: the ERP does not answer and is tried again by itself. Call its administrator if it lasts.",
    Reason.RETRY_LATER: "Nothing: the next try is due by itself.",
    Reason.NOT_APPROVED: "Nothing: it is exported when it is approved in Procore.",
    Reason.INVOICE_DELETED: "Nothing: the invoice was deleted in Procore before it was exported.",
    Reason.BEFORE_START: "Nothing: it is older than the connection's start and counts as already in the ERP.",
    Reason.REHEARSED: "Nothing: the connection rehearses. Compare the document, then set the connection live and replay.",
    Reason.DISMISSED: "Nothing: a person decided that it is not exported.",
    Reason.OUTCOME_UNKNOWN: "Look in the ERP for this reference, then resolve: exported by hand with its number, or dismissed.",
    Reason.INVOICE_UNREADABLE: "Give the service account read access to the project's prime contracts in Procore, then replay.",
    Reason.DELETED_AFTER_EXPORT: "The invoice was deleted in Procore but stands in the ERP: void it there, then resolve.",
    Reason.APPROVAL_WITHDRAWN: "The approval was withdrawn but the receivable stands in the ERP: approve again, or void it there and resolve.",
    Reason.TOTALS_DIFFER: "The receivable in the ERP has other totals than the invoice: correct the ERP, then replay.",
    Reason.CHANGED_AFTER_EXPORT: "The invoice changed in Procore after its export: correct the ERP by hand, then resolve.",
    Reason.CANCELLED_IN_ERP: "The receivable was cancelled or deleted in the ERP: restore it there and replay, replay it afresh for a new one, or dismiss it.",
    Reason.CHANGED_IN_ERP: "The receivable was changed in the ERP after its export: set it right there, then replay; a replay also accepts its new number.",
    Reason.CHANGED_AFTER_DISMISSAL: "The invoice changed after it was dismissed: replay it, or dismiss it again.",
    Reason.NOT_SUPPORTED_BY_ERP: "This ERP connection does not take owner invoices: enter it by hand, then resolve.",
    Reason.ALREADY_LINKED: "Another integration has linked this invoice to an ERP record: unlink it in Procore, or dismiss it here.",
    Reason.APPROVER_UNKNOWN: "Nobody can be named who approved it: an accounting approver releases it under their own name.",
    Reason.APPROVER_AMBIGUOUS: "Several people changed it around the approval and not all may export: an accounting approver releases it.",
    Reason.APPROVER_NOT_RECORDED: "There is no record of the approver's rights: import it and replay, or release.",
    Reason.APPROVER_UNVERIFIED: "Procore's own delivery list does not name this person for the invoice: check who sent the webhook, then release.",
    Reason.APPROVER_INACTIVE: "The approver is inactive: an accounting approver releases it.",
    Reason.APPROVER_RECORD_STALE: "The record of the approver's rights is too old: import a new one, then replay.",
    Reason.APPROVER_LACKS_TOOL_LEVEL: "The approver has neither 'Standard' nor 'Admin' on ERP Integrations: grant it and import, or release.",
    Reason.APPROVER_LACKS_PRIVILEGE: "The approver lacks 'Can Push to Accounting': grant it and import, or release.",
    Reason.APPROVER_MAY_NOT_EXPORT_OWNER_INVOICES: "The approver may export, but not owner invoices: grant 'Can Export?' and import, or release.",
    Reason.CHANGED_AFTER_APPROVAL: "The invoice changed after its approval: approve it again in Procore, or release it.",
    Reason.SUMS_DIFFER: "The invoice's own sums do not agree: correct the invoice in Procore.",
    Reason.PREVIOUS_CERTIFICATES_DIFFER: "Line 7 is not what the invoice before was exported with: correct one of the two in Procore.",
    Reason.DRAFT_DIFFERS: "A draft with this reference stands in the ERP with another content: delete it there, then replay.",
    Reason.FOUND_SEVERAL: "Several documents carry this reference in the ERP: void all but one there, then replay.",
    Reason.ERP_ASKS: "The ERP warns and asks: accept the warning to go on, or correct the invoice.",
    Reason.HANDED_OVER: "Handed over to the ERP and not confirmed yet: confirm the batch when it was imported.",
    Reason.RETRIES_EXHAUSTED: "It was tried many times without a clear answer: look into the ERP, then replay.",
    Reason.INTERNAL_ERROR: "This is our fault: send the trace id to support, then replay.",
    Reason.PERIOD_CLOSED: "The accounting period is closed in the ERP: open it or change the accounting date, then replay.",
    Reason.DATE_OUT_OF_SEQUENCE: "The ERP has posted later dates already: change the accounting-date rule, then replay.",
    Reason.DUPLICATE_NUMBER: "The number exists in the ERP: change the invoice number in Procore, then replay.",
    Reason.MISSING_MAPPING: "Map the missing owner, job or account to the ERP's own, then replay.",
    Reason.MISSING_FIELD: "Fill the missing field in Procore.",
    Reason.TOO_LONG: "Shorten the text in Procore.",
    Reason.UNSUPPORTED: "The ERP cannot take such an invoice: enter it by hand, then resolve.",
    Reason.CONTRACT_NOT_SYNCED: "Create the contract in the ERP, then replay.",
    Reason.AMOUNT_MISMATCH: "Contract sums differ between Procore and the ERP: correct one of them, then replay.",
    Reason.CURRENCY: "The ERP connection does not take this currency: enable it there, or enter the invoice by hand.",
    Reason.NOT_ALLOWED: "The ERP user may not do this: give it the right, then replay.",
}


class EntryKind(StrEnum):
    """One line of the ledger. What each does to the status is in `shared.ledger.transitions`."""

    RECEIVED = "received"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    HELD = "held"
    CONFIRMED = "confirmed"
    ATTEMPT_OPENED = "attempt_opened"
    ATTEMPT_RESUMED = "attempt_resumed"
    STEP_DONE = "step_done"
    HANDED_OVER = "handed_over"
    ATTEMPT_CLOSED = "attempt_closed"
    REPLAY_ACCEPTED = "replay_accepted"
    RELEASE_REQUESTED = "release_requested"
    RELEASED = "released"
    WARNING_ACCEPTED = "warning_accepted"
    RESOLVED_BY_HAND = "resolved_by_hand"
    COMMAND_REFUSED = "command_refused"
    LATE_ANSWER = "late_answer"
    TIE_OUT_FOUND = "tie_out_found"
    FOLLOW_UP_DONE = "follow_up_done"
    FOLLOW_UP_FAILED = "follow_up_failed"


class FollowUpKind(StrEnum):
    """What may come after an export. It can fail and be tried again; it never undoes the export."""

    ATTACHMENT = "attachment"  # a file on the document in the ERP
    WRITE_BACK = "write_back"  # the ERP's number on the invoice in Procore


class Closing(StrEnum):
    """How an attempt ended, and so where the export goes (see transitions)."""

    DONE = "done"  # the ERP confirmed it by a read-back: exported
    REFUSED = "refused"  # the ERP said no: failed
    NEEDS_DECISION = "needs_decision"  # the ERP warns and asks: held
    TOTALS_DIFFER = "totals_differ"  # read back with other totals: held
    DRAFT_DIFFERS = "draft_differs"  # our draft was changed by somebody: held
    UNLINKED = "unlinked"  # read back without our reference, so that no look-up would find it: held
    FOUND_SEVERAL = "found_several"  # more than one document carries the reference: held
    UNKNOWN_WITHOUT_LOOK_UP = "unknown_without_look_up"  # may stand in the ERP and nobody can ask: held
    RETRIES_EXHAUSTED = "retries_exhausted"  # no clear answer, too often: held
    INTERNAL_ERROR = "internal_error"  # our own fault: held, with a trace id
    UNAVAILABLE = "unavailable"  # certainly not done: retrying
    REREAD = "reread"  # lost a race: retrying
    UNKNOWN = "unknown"  # may stand in the ERP: retrying, looked up first
    INTERRUPTED = "interrupted"  # a look became due, or the invoice changed while it was open: retrying
