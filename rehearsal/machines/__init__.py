"""Machines that boot: what a simulated virtual machine would do, in namespaces of its own."""
