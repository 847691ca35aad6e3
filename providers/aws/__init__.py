"""The AWS objects of a bot host, one file per resource type. contract.py says what each promises."""
