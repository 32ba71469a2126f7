"""Why a backup or a restore was not done, in words that say what to do."""

SAID_LINES_MAX = 8


class BackupError(Exception):
    """The backup or restore was not done, and nothing was changed; the message says why and what to do."""


_REASONS = (
    ("No space left on device", "the disk is full. Free some space and try again."),
    (
        "server version mismatch",
        "the server is newer than the PostgreSQL programs here. Install the client programs of its version.",
    ),
    (
        "FEDELE_NOT_EMPTY",
        "the database already holds data. Restore into an empty one, or overwrite this one (--overwrite).",
    ),
    ("lock timeout", "somebody is using the database. Stop `serve` and `worker`, then try again."),
    ("permission denied", "this user lacks permission there. Use the database's owner, or a superuser."),
    ("must be owner", "this user lacks permission there. Use the database's owner, or a superuser."),
    ("password", "the password was not accepted. Check FEDELE_DATABASE_URL."),
    ("error: input file", "the file is no Fedele backup."),
    ("connection to server", "the database does not answer. Check FEDELE_DATABASE_URL and that the server runs."),
)


def explain(said: str, doing: str) -> BackupError:
    """Turn what a PostgreSQL program printed into an error that says what to do."""
    tail = "\n".join(f"  {line}" for line in said.strip().splitlines()[-SAID_LINES_MAX:])
    for sign, reason in _REASONS:
        if sign in said:
            return BackupError(f"{doing} was not done: {reason}\n{tail}")
    return BackupError(f"{doing} was not done. PostgreSQL said:\n{tail or '  (nothing)'}")
