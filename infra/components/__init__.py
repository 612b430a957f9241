"""What runs in a cluster, whichever layer has it: components as plain data, and how they are wired."""
