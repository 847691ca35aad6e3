"""Whether a rehearsal opens a browser by itself."""

from __future__ import annotations

import webbrowser
from pathlib import Path

from sandbox.rehearsal import open_in_browser

URL = "http://127.0.0.1:1/rehearsal/"


class Browser(webbrowser.BaseBrowser):
    def __init__(self) -> None:
        super().__init__("browser")
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


class TestABrowserIsOpenedOnlyWhereItHelps:
    """Over SSH a text browser would take the very terminal on which the rehearsal follows along."""

    def test_on_a_display(self) -> None:
        browser = Browser()
        open_in_browser(URL, {"WAYLAND_DISPLAY": "wayland-0"}, lambda: browser)
        assert browser.opened == [URL]

    def test_not_without_one(self) -> None:
        browser = Browser()
        open_in_browser(URL, {"DISPLAY": ""}, lambda: browser)
        assert browser.opened == []

    def test_no_text_browser(self, tmp_path: Path) -> None:
        opened = tmp_path / "opened"
        w3m = webbrowser.GenericBrowser(["touch", str(opened)])
        open_in_browser(URL, {"DISPLAY": ":0"}, lambda: w3m)
        assert not opened.exists()

    def test_none_to_be_found_is_no_fault(self) -> None:
        def none() -> webbrowser.BaseBrowser:
            raise webbrowser.Error("could not locate runnable browser")

        open_in_browser(URL, {"DISPLAY": ":0"}, none)
