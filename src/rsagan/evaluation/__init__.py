"""Judging a generator on a prepared folder. A metric's name is its protocol."""
