"""What a dealer may take along: all that is its own, in one file."""
