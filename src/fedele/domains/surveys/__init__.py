"""Surveys: short questions, who is asked, answers and what they earn."""
