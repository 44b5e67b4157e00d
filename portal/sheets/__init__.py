"""Spreadsheets in and out: safe reading, column mapping, row errors, writing. Knows no feature."""
