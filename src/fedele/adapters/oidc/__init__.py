"""Foreign OIDC issuers, behind `domains.auth.ports.JwksFetch`."""
