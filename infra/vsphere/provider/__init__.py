"""The `slipway` Pulumi provider: what the official vSphere provider lacks. `gpu_template` is the program's side."""
