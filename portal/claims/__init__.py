"""Reimbursement: the dealers' monthly claims, and headquarters' run that settles them."""
