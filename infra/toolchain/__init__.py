"""Layer 4: the CI/CD toolchain, pure but for `layer.py`."""
