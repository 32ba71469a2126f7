"""Webhooks out: what the retailer's own server is told, signed as Standard Webhooks are (standardwebhooks.com)."""
