# SPDX-License-Identifier: GPL-3.0-or-later
"""Retainage on customer invoices, and one invoice for each external key."""
