"""Invoices that dealers wrote for their customers, beside the service fees in force (F2)."""
