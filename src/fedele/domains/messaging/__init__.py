"""Messaging: what we say to a member, through which channel, and why we said it or kept silent.

Holds push targets, in-app messages, campaigns and their runs, the log of every decision to contact or not to contact,
and what is on its way out. Rooms above call `commands.announce` (a template that waits for an event), `send` (a message
of their own) or `may_contact` (a change of the wallet card), inside their own transaction. `governor.py` rules without
I/O: consent, quiet hours, the member's budget; the statement that records the ruling holds consent and budget again.
What leaves does so later, from the worker (`delivery.py`), through the ports `PushChannel` and `LetterChannel`.

May call segments (audiences), members, ledger and programme. Listens to what the ledger announces. Announces
MessageQueued, MessageDismissed, MessageReported, WalletMessageSet and DeviceRegistered.
"""
