"""components/tags.py: the tags that a user may set."""

from __future__ import annotations

import pytest

from components.tags import checked_tags


class TestTags:
    """A tag that AWS refuses fails half of a run; a hand-made owner tag would make objects change hands."""

    def test_ordinary_tags_pass(self) -> None:
        tags = {"team": "trading", "cost:centre": "a/b", "Name": "mine"}
        assert checked_tags(tags) == tags

    @pytest.mark.parametrize(
        "tags",
        [
            {"aws:x": "1"},
            {"cexio-bot:owner": "x"},
            {"": "x"},
            {"k": "v" * 257},
            {"k": "<v>"},
            {str(n): "" for n in range(41)},
            {"Team": "a", "team": "b"},
            {"name": "x"},
        ],
    )
    def test_what_aws_or_we_would_trip_over_is_refused(self, tags: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="tag"):
            checked_tags(tags)
