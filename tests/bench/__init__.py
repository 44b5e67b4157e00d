"""How fast the portal is: ratios to bare pages of the same rows, measured in the same run."""
