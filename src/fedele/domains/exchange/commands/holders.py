"""Who the members are that a file names by their ids elsewhere, their addresses or their cards."""

from collections.abc import Collection

from fedele.db.database import Database
from fedele.domains.exchange.commands.run import as_identity
from fedele.domains.exchange.types import RowInvalid
from fedele.domains.members.config import MembersConfig
from fedele.domains.members.queries import find_by_code, holders_by_identity
from fedele.domains.members.types import Peppers
from fedele.domains.programme.types import Programme
from fedele.kernel.clock import Moment
from fedele.kernel.ids import MemberId
from fedele.kernel.refusal import Refusal

Named = tuple[str, str]  # (column, text)


class Holders:
    """Finds members a batch at a time; holds the answers of the last batch only."""

    def __init__(self, database: Database, programme: Programme, peppers: Peppers, source: str, moment: Moment) -> None:
        self._database, self._peppers, self._source, self._moment = database, peppers, source, moment
        self._region = programme.section(MembersConfig).phone_region
        self._found: dict[Named, MemberId | RowInvalid] = {}

    async def find(self, named: Collection[Named]) -> None:
        """Look these up: identities in one statement, cards one by one."""
        self._found, identities = {}, {}
        for column, text in named:
            try:
                if column == "card":
                    holder = await find_by_code(self._database.reader, text, self._moment)
                    self._found[column, text] = holder.member_id
                else:
                    identities[column, text] = as_identity(column, text, self._source, self._region)
            except Refusal as error:
                self._found[column, text] = RowInvalid(column, str(error))
        holders = await holders_by_identity(self._database.reader, list(identities.values()), self._peppers)
        for (column, text), identity in identities.items():
            unknown = RowInvalid(column, "no member is known by this; import the members first")
            self._found[column, text] = holders.get(identity, unknown)

    def get(self, named: Named) -> MemberId:
        """The member. Raises RowInvalid for one that nobody is known by."""
        found = self._found[named]
        if isinstance(found, RowInvalid):
            raise found
        return found
