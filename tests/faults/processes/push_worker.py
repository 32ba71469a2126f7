"""A real worker process that sends pushes through the real firebase-admin, and dies where it is told to.

usage: python -m tests.faults.processes.push_worker DATABASE_URL FCM_URL ACCOUNT_FILE never|before_send|after_send
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fedele.adapters.push.firebase import FirebasePush, parse_service_account
from fedele.db.database import open_database
from fedele.domains.messaging import handlers
from fedele.domains.messaging.delivery import Delivery
from fedele.domains.messaging.ports import PushMessage, PushOutcome
from fedele.domains.programme.types import Programme
from fedele.jobs.worker import Worker
from fedele.kernel.clock import moment_now
from tests.factories.messaging import make_messages, make_programme


class Dying(FirebasePush):
    """The real channel, in a process that is killed right before or right after FCM has the messages."""

    die = "never"

    async def send(self, messages: Sequence[PushMessage]) -> list[PushOutcome]:
        """Send, and die as told."""
        if self.die == "before_send":
            os.kill(os.getpid(), signal.SIGKILL)
        outcomes = await super().send(messages)
        if self.die == "after_send":
            os.kill(os.getpid(), signal.SIGKILL)
        return outcomes


async def programme_at(when: datetime) -> Programme:
    """The same programme at any hour: no quiet hours, for the test runs at night too."""
    return make_programme(make_messages(quiet_hours=None))


async def main(url: str, fcm_url: str, account: str, die: str) -> None:
    """Work until SIGTERM, or until killed."""
    database = open_database(url, role="fedele_app")
    channel = Dying(parse_service_account(account), base_url=fcm_url)
    channel.die = die
    delivery = Delivery(database, programme_at, channel, moment_now)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await Worker(database, handlers.handlers(delivery), handlers.schedules(delivery), role="fedele_app").run(stop)
    await channel.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text(), sys.argv[4]))
