"""Single-use codes of rewards from a file: a voucher partner's list, a gift card supplier's batch."""

from collections import defaultdict

from fedele.db.database import Database
from fedele.domains.exchange import columns
from fedele.domains.exchange.commands.run import Run, quiet_transaction
from fedele.domains.exchange.types import ImportFile, InputRow, Progress, RowInvalid, Summary, no_progress
from fedele.domains.programme.types import Programme
from fedele.domains.rewards.commands import add_codes
from fedele.domains.rewards.config import Coded, RewardsConfig

CODE_LENGTH_MAX = 200


async def import_codes(
    database: Database,
    programme: Programme,
    file: ImportFile,
    *,
    progress: Progress = no_progress,
    dry_run: bool = False,
) -> Summary:
    """Put the file's codes into the pools of the rewards it names; codes that are there already stay as they are.

    Raises ImportFileUnreadable.
    """
    pools = {one.key for one in programme.section(RewardsConfig) if isinstance(one, Coded) and one.codes == "pool"}

    def parse(row: InputRow) -> tuple[str, str]:
        reward, code = columns.needed(row.values, "reward"), columns.needed(row.values, "code").strip()
        if reward not in pools:
            raise RowInvalid("reward", f"{reward!r} is no reward with `codes: pool` of the programme")
        if not 1 <= len(code) <= CODE_LENGTH_MAX:
            raise RowInvalid("code", f"has {len(code)} characters; 1 to {CODE_LENGTH_MAX} are possible")
        return reward, code

    with Run("codes", file, progress, dry_run=dry_run).finishing() as run:
        for batch in run.batches(parse):
            by_reward: dict[str, list[str]] = defaultdict(list)
            for _, (reward, code) in batch:
                by_reward[reward].append(code)
            added = 0
            async with quiet_transaction(database, dry_run=dry_run) as tx:
                for reward, codes in by_reward.items():
                    added += await add_codes(tx, reward, codes)
            run.summary.written += added
            run.summary.unchanged += len(batch) - added
    return run.summary
