"""Learning to rank from what was seen: reading the log, fitting policies, judging them off-policy, promoting them.

Nothing here serves a request: the worker and the command line run it.
"""
