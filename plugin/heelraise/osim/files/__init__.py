"""The files that OpenSim reads: markers, ground reactions, external loads, EMG, coordinates, events."""
