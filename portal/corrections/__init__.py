"""Adjustments and penalties: one of finance asks for the entry, another one books it (L8, F3)."""
