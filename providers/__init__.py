"""Dynamic providers: one file per resource type, aws/ over boto3 and cexio/ over the exchange's API."""
