"""Conditions of segments over `member_facts`: as SQL where they have some, and as the evaluator takes them."""
