"""Bring a database to the newest migration, under an advisory lock so that many processes may start at once."""
