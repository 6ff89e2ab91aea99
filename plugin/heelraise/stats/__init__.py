"""Tremor, centre-of-pressure and EMG statistics, with their intervals."""
