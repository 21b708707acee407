"""Measurements of speed and of whether the statistics hold; they gate nothing."""
