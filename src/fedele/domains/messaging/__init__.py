"""Messaging: what we say to a member, through which channel, and why we said it or kept silent.

Holds push targets, in-app messages, the log of every decision to contact or not to contact, and the pushes on their
way out. Every message starts at `commands.announce` inside the transaction of whoever has something to say: consent,
quiet hours and the daily cap are decided there, once, and written down. The push itself leaves later, from the worker
(`delivery.py`), through the port `PushChannel`.

May call members and programme; listens to what the ledger announces. Rooms above (tiers, offers, surveys…) call
`commands.announce`. Announces MessageQueued and MessageDismissed.
"""
