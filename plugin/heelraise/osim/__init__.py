"""OpenSim: models, kinematics, files, dynamics and a tool. The opensim package is imported when it is used."""
