"""Runs: lessons executed at a scale, in one process or on many workers, and a folder of what they claimed."""
