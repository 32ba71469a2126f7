"""Offers: what is offered to whom, when, where and under which sky; claims and triggers."""
