"""The staff schema, for consoles, tills and integrations: a file per room; `schema.py` composes them."""
