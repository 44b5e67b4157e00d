"""What the portal does by itself, for who keeps it running."""
