"""The inbox: what concerns me, driven by the documents' events."""
