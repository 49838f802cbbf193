"""Attacks on image classifiers, all with one signature (see `contract`). None changes the model it attacks."""
