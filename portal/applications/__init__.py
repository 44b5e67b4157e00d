"""Parts applications: draft, quote, confirmation, release, shipments and receipt."""
