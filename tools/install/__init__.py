"""Brings the programs of `tools.yaml` into `.tools/bin`: `python -m tools.install`.

A program is downloaded from its official release or built from a Go module. It is kept by content in the
user's cache and linked from there: a second checkout builds nothing, a run with nothing to do takes no time.
"""
