"""The weather over a grid of cells: which are asked for, how it is kept, and what was the sky at a moment."""
