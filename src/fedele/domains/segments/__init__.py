"""Segments: what is known of a member, in the words that conditions use.

`queries.facts_of` reads the names below `member` in one statement. Dynamic segments come with a later issue; until then
`member.segments` is empty. May call members, programme, ledger, activity. Announces nothing.
"""
