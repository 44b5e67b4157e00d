"""Attachments: photos and papers of documents; checked, re-encoded, stored, served."""
