"""Restoring a backup: everything in one transaction, or nothing."""

import contextlib
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from fedele.db.backup.archive import check_checksum, contents, read_through
from fedele.db.backup.errors import BackupError, explain
from fedele.db.backup.tools import Target, Tools, find_tools, target

APP_ROLE = Path(__file__).parents[2] / "migrations" / "functions" / "app_role.sql"
CHUNK_BYTES = 2**20

# The check stands inside the transaction, so that nothing can be written between it and the restore.
_REFUSE_UNLESS_EMPTY = r"""
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_class AS relation JOIN pg_namespace AS namespace ON namespace.oid = relation.relnamespace
        WHERE namespace.nspname !~ '^pg_' AND namespace.nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = relation.oid AND deptype = 'e')
    ) THEN
        RAISE EXCEPTION 'FEDELE_NOT_EMPTY';
    END IF;
END
$$;
"""

_EMPTY_IT = r"""
SET LOCAL lock_timeout = '20s';
DO $$
DECLARE
    schema_name text;
BEGIN
    FOR schema_name IN
        SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', schema_name);
    END LOOP;
END
$$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
COMMENT ON SCHEMA public IS 'standard public schema';
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


# The archive grants to this role. What new tables grant by default must not be in force while the archive's tables are
# made, or the append-only ones would open to UPDATE and DELETE: pg_dump counts on it. app_role.sql comes after them.
_PREPARE_ROLE = r"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fedele_app') THEN
        CREATE ROLE fedele_app NOLOGIN;
    END IF;
END
$$;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM fedele_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM fedele_app;
"""


def restore(url: str, file: Path, *, overwrite: bool = False) -> int:
    """Put a backup into an empty database; with `overwrite` everything that is there goes first. Answers the tables.

    A failure or a kill at any point leaves the database as it was, since all happens in one transaction. Objects come
    to belong to the user of the URL, and the role fedele_app is made when it is missing. Raises BackupError.
    """
    tools, database = find_tools(), target(url)
    file = file.expanduser().resolve()
    if not file.is_file():
        raise BackupError(f"there is no file {file}.")
    check_checksum(file)
    entries = contents(file, tools)
    read_through(file, tools)
    with tempfile.TemporaryDirectory(prefix="fedele-restore-") as folder:
        chosen = Path(folder) / "contents"
        # Default privileges name the role that gave them; app_role.sql gives them anew, to the user of the URL.
        chosen.write_text("\n".join(line for line in entries if " DEFAULT ACL " not in line) + "\n")
        _pour(tools, database, file, chosen, _EMPTY_IT if overwrite else _REFUSE_UNLESS_EMPTY)
    return sum(" TABLE DATA " in line for line in entries)


def _pour(tools: Tools, database: Target, file: Path, chosen: Path, prelude: str) -> None:
    """Pipe pg_restore's script into psql; COMMIT is sent only after pg_restore ended well, else psql rolls back."""
    read = [tools.program("pg_restore"), "--no-owner", f"--use-list={chosen}", "--file=-", str(file)]
    write = [tools.program("psql"), "-X", "-q", "--no-password", "--set=ON_ERROR_STOP=1", f"--dbname={database.url}"]
    with (
        tempfile.TemporaryFile() as reader_said,
        tempfile.TemporaryFile() as writer_said,
        subprocess.Popen(read, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=reader_said) as reader,
        subprocess.Popen(
            write,
            env=database.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=writer_said,
        ) as writer,
    ):
        assert reader.stdout is not None
        assert writer.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):  # psql gave up; it says below why
                writer.stdin.write(f"BEGIN;\n{prelude}\n{_PREPARE_ROLE}\n".encode())
                while chunk := reader.stdout.read(CHUNK_BYTES):
                    writer.stdin.write(chunk)
                if reader.wait() == 0:
                    writer.stdin.write(f"\n{APP_ROLE.read_text()}\nCOMMIT;\nANALYZE;\n".encode())
        except BaseException:
            writer.kill()
            raise
        finally:
            reader.stdout.close()
            reader.kill()
            with contextlib.suppress(BrokenPipeError):
                writer.stdin.close()
        if writer.wait() != 0:
            raise explain(_text(writer_said), "the restore")
        if reader.wait() != 0:
            raise explain(_text(reader_said), "the restore")


def _text(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")
