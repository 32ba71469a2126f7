"""Backups that can be trusted: read back whole before they are called done, restored in one transaction or not at all.

`backup(url, file)` writes pg_dump's custom format; `restore(url, file)` refuses a database that holds anything unless
it is told to overwrite. Both take the system's tools when they are PostgreSQL 18 or newer (those speak TLS), else the
embedded ones.
"""

from fedele.db.backup.dump import Backup, backup
from fedele.db.backup.errors import BackupError
from fedele.db.backup.restoring import restore

__all__ = ["Backup", "BackupError", "backup", "restore"]
