"""Advance compensation 先行赔付: dealers pay customers first and claim it back (S4, R1)."""
