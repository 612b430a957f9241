"""Layer 3: what tools stand on, pure but for `layer.py`."""
