"""The bank's files: each line of a statement once, matched to its dealer, booked as a deposit."""
