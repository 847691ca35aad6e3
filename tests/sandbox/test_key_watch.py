"""Following a person's keys: what is told, when a key is taken for right, and when it is proven."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sandbox.key_review import Row, Wanted
from sandbox.key_watch import follow

WANTED = Wanted(label="Gunbot_Trading", levels=("Read", "Trade"), addresses=("127.1.2.3",))
GOOD = Row(
    key="abcdefgh", label="Gunbot_Trading", status="created", permissions=("Read",), addresses=()
).mended(WANTED)


class Watch:
    """A person who changes the page between two looks, and what was told and tried meanwhile."""

    def __init__(self, tmp_path: Path, *pages: list[Row]) -> None:
        self.pages = list(pages)
        self.told: list[str] = []
        self.tried: list[Row] = []
        self.file = tmp_path / "key.json"
        self.proves = True
        self.brings = True

    def rows(self) -> list[Row]:
        return self.pages[0]

    def next_page(self, _seconds: float) -> None:
        if len(self.pages) > 1:
            self.pages.pop(0)

    @contextlib.contextmanager
    def offer(self, row: Row) -> Iterator[Path | None]:
        if self.brings:
            self.tried.append(row)
            if not self.file.exists():
                self.file.touch()
        yield self.file if self.brings else None

    def follow(self) -> bool:
        looks = iter(range(6))
        return follow(
            rows=self.rows,
            wanted=WANTED,
            offer=self.offer,
            prove=lambda _path: self.proves,
            going=lambda: next(looks, None) is not None,
            tell=self.told.append,
            pause=self.next_page,
        )


class TestEveryStepIsSeen:
    """A person who is told nothing until the end has to guess which of seven steps was wrong."""

    def test_from_no_key_to_the_proven_one(self, tmp_path: Path) -> None:
        created = GOOD.model_copy(update={"status": "created", "addresses": ()})
        active = created.model_copy(update={"status": "active"})
        edited = GOOD.model_copy(update={"status": "deactivated"})
        watch = Watch(tmp_path, [], [created], [active], [edited], [GOOD])
        assert watch.follow()
        heads = [line for line in watch.told if not line.startswith("  ")]
        assert heads == [
            "There is no key yet.",
            "Key Gunbot_Trading (abcd…) is made, and not active. The verifier would say:",
            "Key Gunbot_Trading (abcd…) is active. The verifier would say:",
            "Key Gunbot_Trading (abcd…) was switched off, as every edit does. The verifier would say:",
            "Key Gunbot_Trading (abcd…) is active, and a proof will find nothing wrong with it. Offer it.",
        ]
        assert any(line.startswith("  whitelist not enforced: ") for line in watch.told)

    def test_an_unchanged_page_is_told_of_once(self, tmp_path: Path) -> None:
        watch = Watch(tmp_path, [], [])
        assert not watch.follow()
        assert watch.told == ["There is no key yet."]

    def test_a_deleted_key_is_told(self, tmp_path: Path) -> None:
        watch = Watch(tmp_path, [GOOD], [])
        watch.brings = False
        watch.follow()
        assert watch.told[-2:] == ["Key Gunbot_Trading (abcd…) is deleted.", "There is no key yet."]


class TestOnlyARightKeyIsOffered:
    """A proof of a key that is visibly wrong costs the person half a minute and says nothing new."""

    def test_a_wrong_one_is_not(self, tmp_path: Path) -> None:
        watch = Watch(tmp_path, [GOOD.model_copy(update={"permissions": ("Read",)})])
        assert not watch.follow()
        assert watch.tried == []

    def test_one_that_was_edited_while_the_person_was_asked_is_not(self, tmp_path: Path) -> None:
        watch = Watch(tmp_path, [GOOD])
        edited = [GOOD.model_copy(update={"status": "deactivated"})]

        @contextlib.contextmanager
        def offer(row: Row) -> Iterator[Path | None]:
            watch.pages = [edited]
            watch.file.touch()
            yield watch.file

        watch.offer = offer  # type: ignore[method-assign]
        assert not watch.follow()
        assert "switched off" in " ".join(watch.told)

    def test_the_one_that_is_right_is_chosen_among_several(self, tmp_path: Path) -> None:
        wrong = GOOD.model_copy(update={"key": "zzzzzzzz", "status": "created"})
        watch = Watch(tmp_path, [GOOD, wrong])
        assert watch.follow()
        assert watch.tried == [GOOD]

    def test_a_refused_file_is_tried_again_only_when_it_is_another(self, tmp_path: Path) -> None:
        watch = Watch(tmp_path, [GOOD])
        watch.proves = False
        assert not watch.follow()
        assert len(watch.tried) > 1
        assert sum("Not proven" in line for line in watch.told) == 1
