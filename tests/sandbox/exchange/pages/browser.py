"""A real headless browser, driven as a person uses a page: by what is written on it, or by keys alone."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[4]
ARTEFACTS = ROOT / ".artifacts" / "rehearsal"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--hide-scrollbars",
)


def programs() -> tuple[str, str] | None:
    """Chromium and its driver, or None where one of them is not installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    def __init__(self, driver: webdriver.Chrome, base: str = "") -> None:
        self.driver = driver
        self.base = base

    # -- where we are ------------------------------------------------------------------------------------

    def open(self, path: str = "/") -> None:
        self.driver.get(f"{self.base}/rehearsal{path}")

    @property
    def path(self) -> str:
        return str(self.driver.current_url).split("/rehearsal", 1)[-1]

    @property
    def heading(self) -> str:
        return self.one("h1").text

    @property
    def text(self) -> str:
        return self.one("body").text

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def script(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    # -- what a person does ------------------------------------------------------------------------------

    def field(self, label: str) -> WebElement:
        """The control that the label of this text belongs to."""
        [found] = [each for each in self.all("label") if each.text == label]
        return self.one(f"#{found.get_attribute('for')}")

    def fill(self, label: str, text: str) -> None:
        field = self.field(label)
        field.clear()
        field.send_keys(text)

    def tick(self, label: str) -> None:
        self.field(label).click()

    def press(self, text: str) -> None:
        """A button or link by what is written on it; back when the next page is there."""
        wanted = [each for each in self.all("button, main a, nav a") if each.text.split("\n")[0] == text]
        assert wanted, f"nothing to press says {text!r}; there are {[b.text for b in self.all('button, a')]}"
        self._away(wanted[0].click)

    def key(self, *keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(*keys)

    def enter(self) -> None:
        """Send the form by the Enter key."""
        self._away(lambda: self.key(Keys.ENTER))

    def _away(self, act: Any) -> None:
        mark = "return performance.timeOrigin"
        before = self.script(mark)
        act()
        self.wait(
            lambda: self.script("return document.readyState") == "complete" and self.script(mark) != before
        )

    def wait(self, sign: Callable[[], T]) -> T:
        """Until there is a sign; what is torn away by a page's change meanwhile is looked for again."""
        waiting = WebDriverWait(self.driver, 20, 0.02, ignored_exceptions=(WebDriverException,))
        return waiting.until(lambda _: sign())

    def digits(self) -> str:
        """The code that the phone on this page shows; it may change at this very moment."""
        return self.wait(self._digits)

    def _digits(self) -> str:
        self.driver.switch_to.frame(self.one("iframe.card"))
        try:
            shown = self.one("#digits").text
        finally:
            self.driver.switch_to.default_content()
        return re.sub(r"\D", "", shown)

    # -- how it is looked at -----------------------------------------------------------------------------

    def look(self, *, width: int = 1000, height: int = 900, dark: bool = False) -> None:
        """As a window or a phone of that size, in that colour scheme."""
        phone = width < 600
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def keep(self, name: str) -> Path:
        """A picture of the whole page, as an artefact of the tests."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        width = self.script("return document.documentElement.clientWidth")
        height = self.script("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip}
        )
        path.write_bytes(base64.b64decode(shot["data"]))
        return path


@contextlib.contextmanager
def browsing(browser: str, driver: str) -> Iterator[Browser]:
    """A browser with an empty profile, ended and forgotten with the block."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-browser-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        # Both the driver and what it serves are on this machine, whatever proxy the environment names.
        direct = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        with mock.patch.dict(os.environ, {**direct, "SE_AVOID_STATS": "true"}, clear=True):
            started = webdriver.Chrome(options=options, service=Service(executable_path=driver))
        try:
            yield Browser(started)
        finally:
            started.quit()
