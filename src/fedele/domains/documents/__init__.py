"""Documents: the GraphQL documents that app teams publish, so that phones may send a hash instead of a text.

Holds texts by their sha256 and nothing about GraphQL: whether a text is a valid document is for the API to say before
it is published. Calls no other room; announces nothing. Small and replicated: no member owns a row.
"""
