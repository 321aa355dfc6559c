"""Scoring anybody's results by named protocols, as the tables of the field do."""
