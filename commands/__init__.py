"""What an operator runs beside `pulumi up`: `python -m commands.<name> [--stack S]`.

A command uses the engine that its environment gives, prints lines for people and exits 0 or 1. It may import
the product; it knows nothing of the sandbox.
"""
