"""Codes of redemptions: short enough to type, impossible to guess, no letters that look alike."""

import secrets

from fedele.domains.rewards.types import CODE_ALPHABET, CODE_GROUP_LENGTH, CODE_GROUPS


def new_code(prefix: str = "") -> str:
    """A random code, "HL-7K4M-…": the prefix, then groups of four. `types.is_generated` knows them again."""
    body = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_GROUPS * CODE_GROUP_LENGTH))
    groups = "-".join(body[start : start + CODE_GROUP_LENGTH] for start in range(0, len(body), CODE_GROUP_LENGTH))
    return f"{prefix}-{groups}" if prefix else groups
