"""Old parts: the registration of each defective piece, its photos, label and review."""
