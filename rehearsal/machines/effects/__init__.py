"""What workloads do in a rehearsal: each effect is done by what would do it, with the rights that it would have."""
