"""The programs Slipway stands on: how they are built or downloaded, and the language host."""
