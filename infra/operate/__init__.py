"""The `slipway` command: thin, over the rooms below it."""
