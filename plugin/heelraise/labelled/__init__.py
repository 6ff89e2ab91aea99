"""Labelled signals: a trial turned into named series of known unit, axis, side and noise."""
