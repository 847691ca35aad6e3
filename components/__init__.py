"""The stack's parts as ComponentResources, and the settings they are built from. No AWS or HTTP call here."""
