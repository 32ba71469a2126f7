"""Auth: who is asking. One-time codes, our access and refresh tokens, foreign OIDC tokens, staff API keys, rate limits.

May call `members` (identities, enrolment) beneath it. Announces nothing: logging in is not a fact about loyalty.
`types` holds the principals that every request's context carries; `commands.Authenticator` is the one entry point from
a bearer text to a principal. Secrets travel as pydantic `SecretStr`, so that no log or repr shows them.
"""
