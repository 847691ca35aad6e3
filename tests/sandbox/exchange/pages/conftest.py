"""A browser for the session, and for each test an exchange with one account that has no key yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox.exchange import two_factor
from sandbox.exchange.accounts import Account, ApiKey
from tests.sandbox.exchange.conftest import Client, Clock
from tests.sandbox.exchange.pages.browser import Browser, browsing, programs

ACCOUNT = "rehearsal-1"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    found = programs()
    if found is None:
        pytest.skip("chromium and chromedriver are not installed (Debian: chromium, chromium-driver)")
    with browsing(*found) as browser:
        yield browser


@dataclass
class Desk:
    """What lies before the person: browser, account, and a clock that a test can put forward."""

    browser: Browser
    client: Client
    clock: Clock

    @property
    def account(self) -> Account:
        account = self.client.exchange.store.account(ACCOUNT)
        assert account is not None
        return account

    @property
    def key(self) -> ApiKey:
        [key] = self.account.keys
        return key

    def phone(self) -> str:
        """A code off the phone that was not used yet: half a minute passes."""
        self.clock.ahead += 30
        shared = self.account.two_factor
        assert shared is not None
        return two_factor.code_at(shared.secret, self.client.exchange.now())

    def sign_in(self) -> None:
        """Sign in for the first time and turn two-factor login on."""
        self.browser.open(f"/?account={ACCOUNT}")
        self.browser.press("Sign in")
        self.browser.fill("2FA code", self.browser.digits())
        self.browser.press("Turn on")

    def create(
        self,
        *,
        label: str = "Gunbot_Trading",
        whitelist: str = "127.1.2.3",
        ticks: tuple[str, ...] = ("Trade",),
    ) -> str:
        """Fill the form in and send it; the secret that is shown."""
        self.browser.open("/keys/new")
        self.browser.fill("Label", label)
        for tick in ticks:
            self.browser.tick(tick)
        self.browser.fill("IP whitelist", whitelist)
        self.browser.fill("2FA code", self.phone())
        self.browser.press("Create the key")
        return str(self.browser.field("Secret").get_attribute("value"))

    def mailed_code(self) -> str:
        return self.account.mailbox[-1].code


@pytest.fixture
def desk(chromium: Browser, client: Client, clock: Clock) -> Desk:
    client.page.open_account(ACCOUNT)
    chromium.base = client.stand.url
    chromium.look()
    chromium.driver.delete_all_cookies()
    return Desk(chromium, client, clock)
