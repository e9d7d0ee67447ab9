"""What the worker counts. Labels are closed sets or connection names: never an id."""

import math

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)

EVENTS = Counter("invoice_export_events_total", "Kafka records read, by what became of them", ["fate"])
WALKS = Counter("invoice_export_walks_total", "Walks of the corridor, by decision and row", ["decision", "row"])
WALKS.labels("keep", "4")  # from 0 on: an alert watches for its first increase
SETTLED = Counter(
    "invoice_export_exports_settled_total", "Exports by the status and first reason a walk left", ["status", "reason"]
)
ATTEMPTS = Counter(
    "invoice_export_attempts_total", "Attempts, by connection and how they closed", ["connection", "closing"]
)
COMMANDS = Counter(
    "invoice_export_commands_total", "Commands, by name and whether they were followed", ["command", "followed"]
)
INTERNAL_ERRORS = Counter("invoice_export_internal_errors_total", "Our own faults", ["connection"])
WALK_SECONDS = Histogram("invoice_export_walk_seconds", "One walk of the corridor", buckets=SECONDS)
ERP_SECONDS = Histogram("invoice_export_erp_seconds", "One call to an ERP", ["connection", "step"], buckets=SECONDS)
PROCORE_SECONDS = Histogram(
    "invoice_export_procore_seconds", "One call to Procore", ["method", "route", "status"], buckets=SECONDS
)
EXPORT_SECONDS = Histogram(
    "invoice_export_approval_to_erp_seconds", "From the first sight of an approval to the ERP's answer", buckets=SECONDS
)
OPEN_EXPORTS = Gauge(
    "invoice_export_open_exports", "Exports that are not done, by status and first reason", ["status", "reason"]
)
OLDEST_SECONDS = Gauge("invoice_export_oldest_export_seconds", "Age of the oldest export in each status", ["status"])
LAG = Gauge("invoice_export_kafka_lag_records", "Records not yet read; NaN while nobody knows")
LAG.set(math.nan)
RATE_LEFT = Gauge("invoice_export_procore_rate_remaining", "Procore calls left in the current window")
CIRCUIT_OPEN = Gauge("invoice_export_circuit_open", "1 while a connection's circuit is open", ["connection"])
FOLLOW_UPS_GIVEN_UP = Gauge(
    "invoice_export_follow_ups_given_up",
    "Exports, billed in this month or the one before, after which something was given up",
    ["connection"],
)
RECONCILED = Counter("invoice_export_reconciled_total", "Invoices that reconciliation fed in", ["connection"])
