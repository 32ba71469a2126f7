"""The members' schema: a file per room; `schema.py` composes them. A member sees what is theirs and nothing else."""
