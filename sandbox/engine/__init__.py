"""The stand-in engine: Pulumi's command line and engine for this project's own kind of program.

It runs a Python program with dynamic resources and policy packs over Pulumi's gRPC protocols and keeps the
files of a `file://` backend, so that it and the `pulumi` CLI can take turns on one stack. It deliberately
knows no other languages, no provider plugins, no other backends or secrets providers; what it does not know
it refuses.
"""

VERSION = "v3.259.0+sandbox"
"""The release of the CLI whose behaviour this engine follows, as `version` prints it and states record it."""
