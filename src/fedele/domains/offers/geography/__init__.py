"""Geometry on a sphere: shapes, cubes of space that index them, and the indexes that find which fences hold a point."""
