"""The Python language host: what the Pulumi engine runs as `pulumi-language-python`.

The engine starts `python tools/language_host/__main__.py ENGINE_ADDRESS`, reads the port from the first line
of standard output and speaks the LanguageRuntime protocol with it. A run of the user's program is a process
of its own (`program.py`). Where the official release of Pulumi is installed, its own language host is used.
"""
