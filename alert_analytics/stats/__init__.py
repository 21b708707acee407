"""Inference on small arrays: knows no alert and no database."""
