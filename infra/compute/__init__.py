"""Layer 1: virtual machines on vSphere, with everything that they need to boot by themselves."""
