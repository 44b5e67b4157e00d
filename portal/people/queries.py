"""Reads about dealers and people, scoped to the actor."""
