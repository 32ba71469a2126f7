"""The `fedele` command: one file for each group of commands."""
