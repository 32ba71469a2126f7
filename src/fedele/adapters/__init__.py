"""The outside world behind ports: push, wallets, one-time codes, foreign issuers."""
