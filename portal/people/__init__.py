"""Dealers, the people at dealers and headquarters, their roles, sign-in and sessions."""
