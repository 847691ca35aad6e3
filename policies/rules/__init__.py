"""One rule per file, named for what it demands or forbids. Each exports `POLICIES`."""
