"""GPUs: what a vCenter has, what an environment asks for, and whether it fits. Pure; nothing here asks a vCenter."""
