"""What makes an offer speak up: a phone that comes near, an hour that comes, something the member did.

`kinds` are the triggers a programme can write; `believing` judges positions; `firing` decides and writes the decision;
`wakeups` turns hours into exact instants; `following` answers what members did.
"""
