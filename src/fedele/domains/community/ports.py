"""What the community offers to those who carry pictures in."""

from fedele.domains.community.drawing import BYTES_MAX, Drawn, draw_anew

__all__ = ["BYTES_MAX", "Drawn", "draw_anew"]
