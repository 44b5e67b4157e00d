"""The home, the search, and figures; reads only."""
