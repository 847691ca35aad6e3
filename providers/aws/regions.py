"""The country of each AWS region, which is where a host's address is taken to be.

From AWS's own list of regions. A region that is not here has no known country; nothing is guessed of it.
"""

from __future__ import annotations

from cexio.countries import turned_away

COUNTRIES = {
    "af-south-1": "South Africa",
    "ap-east-1": "Hong Kong",
    "ap-east-2": "Taiwan",
    "ap-northeast-1": "Japan",
    "ap-northeast-2": "South Korea",
    "ap-northeast-3": "Japan",
    "ap-south-1": "India",
    "ap-south-2": "India",
    "ap-southeast-1": "Singapore",
    "ap-southeast-2": "Australia",
    "ap-southeast-3": "Indonesia",
    "ap-southeast-4": "Australia",
    "ap-southeast-5": "Malaysia",
    "ap-southeast-6": "New Zealand",
    "ap-southeast-7": "Thailand",
    "ca-central-1": "Canada",
    "ca-west-1": "Canada",
    "cn-north-1": "China",
    "cn-northwest-1": "China",
    "eu-central-1": "Germany",
    "eu-central-2": "Switzerland",
    "eu-north-1": "Sweden",
    "eu-south-1": "Italy",
    "eu-south-2": "Spain",
    "eu-west-1": "Ireland",
    "eu-west-2": "the United Kingdom",
    "eu-west-3": "France",
    "il-central-1": "Israel",
    "me-central-1": "the United Arab Emirates",
    "me-south-1": "Bahrain",
    "mx-central-1": "Mexico",
    "sa-east-1": "Brazil",
    "us-east-1": "the United States",
    "us-east-2": "the United States",
    "us-gov-east-1": "the United States",
    "us-gov-west-1": "the United States",
    "us-west-1": "the United States",
    "us-west-2": "the United States",
}


def country_of(region: str) -> str | None:
    """The country that a region lies in, as a text; None where it is not known."""
    return COUNTRIES.get(region)


def advice(region: str) -> str | None:
    """What speaks against a host in this region for the exchange's sake, and what to do; else None."""
    reason = turned_away(country_of(region))
    if reason is None:
        return None
    return (
        f"{region} is in {country_of(region)}, and {reason}: choose another before the first `up`, as the "
        "address is of the region: `pulumi config set cexio-bot:region REGION`"
    )
