"""Accounts, transfers and reservations: double entry, append-only, balanced by construction."""
