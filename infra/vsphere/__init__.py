"""The only users of pyvmomi: what the product reads from a vCenter, and the little that it mends there."""
