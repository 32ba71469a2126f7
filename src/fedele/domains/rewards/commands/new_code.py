"""Codes of redemptions: short enough to type, impossible to guess, no letters that look alike."""

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12  # 59 bits


def new_code(prefix: str = "") -> str:
    """A random code, "HL-7K4M-…": the prefix, then groups of four."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    groups = "-".join(body[start : start + 4] for start in range(0, LENGTH, 4))
    return f"{prefix}-{groups}" if prefix else groups
