"""Starts the command line when this folder's file is run by itself, as `sandbox/bin/pulumi` does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from sandbox.engine.cli import main

sys.exit(main())
