"""Fedele: an open, self-hosted, headless loyalty backend for mobile apps."""

__version__ = "0.1.0"
