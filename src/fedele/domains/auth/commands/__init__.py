"""Logging in, telling who asks, and keeping keys. Secrets come in and go out as SecretStr."""

from fedele.domains.auth.commands.api_keys import create_key, ensure_bootstrap_key, generate_staff_key, revoke_key
from fedele.domains.auth.commands.authenticate import Authenticator
from fedele.domains.auth.commands.foreign import ForeignTokens
from fedele.domains.auth.commands.limits import take
from fedele.domains.auth.commands.login import Login
from fedele.domains.auth.commands.sessions import forget_sessions, revoke_session, start_session
from fedele.domains.auth.tokens import SigningKeys, issue_access_token

__all__ = [
    "Authenticator",
    "ForeignTokens",
    "Login",
    "SigningKeys",
    "create_key",
    "ensure_bootstrap_key",
    "forget_sessions",
    "generate_staff_key",
    "issue_access_token",
    "revoke_key",
    "revoke_session",
    "start_session",
    "take",
]
