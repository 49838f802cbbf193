"""Attacks on image classifiers, all with one signature (see `contract`). None changes its model."""
