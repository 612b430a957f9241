"""Running an environment for real against simulated hardware: only what is physically missing is replaced."""
