"""The questions an offer asks before a member has it: `sight` is what they look at, `checks` are the questions."""
