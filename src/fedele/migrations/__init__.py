"""Alembic migrations: dated, forward only, expand then contract. DDL is written by hand; functions live in files."""
