"""Judges a run from what Procore, Kafka, the ERPs and the ledger's tables say. Imports nothing of the product."""
