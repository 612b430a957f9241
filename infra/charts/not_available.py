"""The one way in which something that others publish can't be had."""

from __future__ import annotations


class NotAvailable(Exception):
    """A publisher did not hand out what was asked for, or something else; the text says why in a short phrase."""
