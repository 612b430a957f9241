"""The vSphere plugin for rehearsals: official tokens and property names, on pyvmomi, against the simulator only."""
