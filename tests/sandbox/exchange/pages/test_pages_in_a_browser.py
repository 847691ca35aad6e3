"""The whole guide, walked in a real browser by what is written on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from selenium.webdriver.common.keys import Keys

from sandbox.exchange import two_factor
from tests.sandbox.exchange.conftest import ELSEWHERE, HOST
from tests.sandbox.exchange.pages import audit
from tests.sandbox.exchange.pages.conftest import ACCOUNT, Desk

READ = "get_my_wallet_balance"
CODE_LIFE = timedelta(minutes=5).total_seconds()


class TestTheGuideCanBeWalked:
    """A rehearsal that stops half-way, or lets a step be skipped, sends people unprepared to the real one."""

    def test_from_sign_in_to_a_key_that_works_from_its_address_alone(self, desk: Desk) -> None:
        browser = desk.browser
        browser.open(f"/?account={ACCOUNT}")
        browser.press("Sign in")
        assert browser.heading == "Turn on two-factor login"
        browser.fill("2FA code", browser.digits())
        browser.press("Turn on")
        assert browser.heading == "API Management"
        assert "There is no key yet" in browser.text

        browser.press("Create a key")
        browser.fill("Label", "Gunbot_Trading")
        browser.tick("Trade")
        browser.fill("IP whitelist", HOST)
        browser.keep("create-a-key")
        browser.fill("2FA code", desk.phone())
        browser.press("Create the key")
        secret = browser.field("Secret").get_attribute("value")
        key = {"key": str(browser.field("Key").get_attribute("value")), "secret": str(secret)}
        browser.tick("I have saved it")
        browser.press("Activate")
        assert desk.client.private(key, READ).status == 401

        browser.press("Open the mailbox")
        browser.press("Activate the key")
        browser.press("Activate")
        assert "Key Gunbot_Trading is active." in browser.text
        assert desk.client.private(key, READ).status == 200
        assert desk.client.private(key, READ, source=ELSEWHERE).status != 200
        assert [permission.value for permission in desk.key.permissions] == ["Read", "Trade"]
        browser.keep("the-key-is-active")


@pytest.mark.long
class TestEachStepIsAsInLife:
    """What the real page refuses, takes away or forgets has to be met here first."""

    def test_the_next_sign_in_asks_for_the_phone(self, desk: Desk) -> None:
        desk.sign_in()
        desk.browser.press("Sign out")
        desk.browser.open(f"/?account={ACCOUNT}")
        desk.browser.press("Sign in")
        assert desk.browser.heading == "Two-factor login"
        desk.browser.fill("2FA code", "000000")
        desk.browser.press("Sign in")
        assert "is not the one that your phone shows" in desk.browser.text
        desk.browser.fill("2FA code", desk.phone())
        desk.browser.press("Sign in")
        assert desk.browser.heading == "API Management"

    def test_the_phone_shows_the_next_code_by_itself(self, desk: Desk) -> None:
        desk.sign_in()
        ends = (desk.client.exchange.now() // two_factor.STEP_MS + 2) * two_factor.STEP_MS / 1000
        stopped = [ends - 2]
        desk.client.exchange.wall = lambda: stopped[0]
        desk.browser.open("/phone")
        before = desk.browser.digits()
        stopped[0] = ends
        desk.browser.wait(lambda: desk.browser.digits() != before)

    def test_an_unknown_account_is_told_how_one_is_opened(self, desk: Desk) -> None:
        desk.browser.open("/sign-in")
        desk.browser.fill("Account", "nobody")
        desk.browser.press("Sign in")
        assert "make rehearse" in desk.browser.one("#account-fault").text

    @pytest.mark.parametrize("between", [" ", ";", ",", " ; ", ",\n"])
    def test_the_whitelist_takes_any_separator(self, desk: Desk, between: str) -> None:
        desk.sign_in()
        desk.create(whitelist=between.join((HOST, ELSEWHERE)))
        assert desk.key.addresses == [HOST, ELSEWHERE]

    def test_an_empty_whitelist_is_warned_of_before_and_after(self, desk: Desk) -> None:
        desk.sign_in()
        desk.browser.open("/keys/new")
        assert "Left empty, the key works from any address." in desk.browser.text
        secret = desk.create(whitelist="")
        warned = "The whitelist is empty: this key works from any address."
        assert warned in desk.browser.text
        desk.browser.keep("empty-whitelist")
        desk.browser.open("/keys")
        assert warned in desk.browser.text
        desk.client.page.activate(ACCOUNT, desk.key.key)
        key = {"key": desk.key.key, "secret": secret}
        assert desk.client.private(key, READ, source=ELSEWHERE).status == 200

    def test_the_secret_does_not_come_back_by_reload_or_by_going_back(self, desk: Desk) -> None:
        desk.sign_in()
        secret = desk.create()
        desk.browser.keep("secret-once")
        desk.browser.driver.refresh()
        assert secret not in desk.browser.driver.page_source
        assert "was shown once and is not shown again" in desk.browser.text
        desk.browser.open("/keys")
        desk.browser.driver.back()
        assert secret not in desk.browser.driver.page_source
        assert len(desk.account.keys) == 1

    def test_without_the_tick_nothing_goes_on(self, desk: Desk) -> None:
        desk.sign_in()
        desk.create()
        desk.browser.one("button[value=activate]").click()
        assert desk.browser.path.endswith("/secret")
        assert not desk.browser.script("return document.querySelector('form:has(#saved)').checkValidity()")

    def test_activated_later_by_the_typed_code(self, desk: Desk) -> None:
        desk.sign_in()
        desk.create()
        desk.browser.tick("I have saved it")
        desk.browser.press("Activate later")
        assert "It does nothing until you activate it." in desk.browser.text
        desk.browser.press("Activate")
        code = desk.mailed_code()
        desk.browser.fill("Code from the mail", f"{(int(code) + 1) % 10**6:06d}")
        desk.browser.press("Activate")
        assert "The activation code is wrong" in desk.browser.one("#code-fault").text
        assert desk.key.status == "created"
        desk.browser.fill("Code from the mail", code)
        desk.browser.press("Activate")
        assert desk.key.status == "active"

    def test_an_old_code_is_refused_and_a_new_one_can_be_had(self, desk: Desk) -> None:
        desk.sign_in()
        desk.create()
        desk.browser.open("/mailbox")
        link = desk.browser.one("main article a").get_attribute("href")
        desk.clock.ahead += CODE_LIFE + 1
        desk.browser.driver.get(str(link))
        desk.browser.press("Activate")
        assert "older than 5 minutes" in desk.browser.one("#code-fault").text
        desk.browser.keep("expired-code")
        desk.browser.press("Send a new code")
        desk.browser.open("/mailbox")
        mails = [mail.text for mail in desk.browser.all(".mail")]
        assert "Good until" in mails[0]
        assert "used, replaced or too old" in mails[1]
        desk.browser.press("Activate the key")
        desk.browser.press("Activate")
        assert desk.key.status == "active"

    def test_an_edit_switches_the_key_off_and_says_so_before_and_after(self, desk: Desk) -> None:
        desk.sign_in()
        key = {"secret": desk.create(), "key": desk.key.key}
        desk.client.page.activate(ACCOUNT, desk.key.key)
        desk.browser.open("/keys")
        desk.browser.press("Edit")
        assert "Saving switches this key off." in desk.browser.text
        assert desk.browser.field("IP whitelist").get_attribute("value") == HOST
        desk.browser.fill("IP whitelist", f"{HOST}, {ELSEWHERE}")
        desk.browser.fill("2FA code", desk.phone())
        desk.browser.press("Save")
        assert "The edit has switched the key off" in desk.browser.text
        assert desk.client.private(key, READ).status == 401
        desk.browser.open("/keys")
        assert "Switched off" in desk.browser.text
        desk.browser.keep("switched-off-by-an-edit")
        desk.client.page.activate(ACCOUNT, desk.key.key, ask_for_code=False)
        assert desk.client.private(key, READ, source=ELSEWHERE).status == 200

    def test_a_key_is_switched_off_and_deleted_by_hand(self, desk: Desk) -> None:
        desk.sign_in()
        desk.create()
        desk.client.page.activate(ACCOUNT, desk.key.key)
        desk.browser.open("/keys")
        desk.browser.press("Deactivate")
        assert desk.key.status == "deactivated"
        desk.browser.press("Delete")
        desk.browser.press("Keep it")
        assert len(desk.account.keys) == 1
        desk.browser.press("Delete")
        desk.browser.press("Delete the key")
        assert desk.account.keys == []


@pytest.mark.long
class TestAnybodyCanUseThePages:
    """Who reads by ear, types without a mouse or holds a phone makes the same key, or makes it wrong."""

    def test_with_the_keyboard_alone(self, desk: Desk) -> None:
        browser = desk.browser
        browser.open(f"/?account={ACCOUNT}")
        browser.key(Keys.TAB)
        assert browser.driver.switch_to.active_element.text == "Skip to the content"
        assert browser.driver.switch_to.active_element.is_displayed()
        self._to(desk, "account")
        browser.enter()
        self._to(desk, "code")
        browser.key(browser.digits())
        browser.enter()
        self._to(desk, "Create a key")
        browser.enter()
        self._to(desk, "label")
        browser.key("Gunbot_Trading")
        self._to(desk, "permission-2")
        browser.key(Keys.SPACE)
        self._to(desk, "whitelist")
        browser.key(HOST)
        self._to(desk, "code")
        browser.key(desk.phone())
        browser.enter()
        self._to(desk, "secret")
        selected = "const e = document.activeElement; return e.value.slice(e.selectionStart, e.selectionEnd)"
        assert browser.script(selected) == desk.key.secret
        self._to(desk, "saved")
        browser.key(Keys.SPACE)
        self._to(desk, "Activate")
        browser.enter()
        self._to(desk, "code")
        browser.key(desk.mailed_code())
        browser.enter()
        assert (desk.key.status, desk.key.label) == ("active", "Gunbot_Trading")
        assert (desk.key.permissions[-1].value, desk.key.addresses) == ("Trade", [HOST])

    @staticmethod
    def _to(desk: Desk, wanted: str) -> None:
        """Press Tab until the field of that id, or what is called so, has the focus, and can be seen to."""
        for _ in range(40):
            here = desk.browser.driver.switch_to.active_element
            if wanted in (here.get_attribute("id"), here.text.split("\n")[0]):
                style, width = desk.browser.script(
                    "const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);"
                    "return [outlineStyle, outlineWidth]"
                )
                assert (style, float(width.removesuffix("px")) >= 2) == ("solid", True), wanted
                return
            desk.browser.key(Keys.TAB)
        pytest.fail(f"Tab never reaches {wanted}")

    def test_a_fault_has_the_focus_and_leads_to_its_field(self, desk: Desk) -> None:
        desk.sign_in()
        desk.browser.open("/keys/new")
        desk.browser.fill("Label", "Bot")
        desk.browser.fill("IP whitelist", "10.0.0.300")
        desk.browser.fill("2FA code", desk.phone())
        desk.browser.press("Create the key")
        summary = desk.browser.driver.switch_to.active_element
        assert summary.get_attribute("role") == "alert"
        assert desk.browser.driver.title.startswith("Error: ")
        field = desk.browser.field("IP whitelist")
        assert field.get_attribute("aria-invalid") == "true"
        assert "whitelist-fault" in str(field.get_attribute("aria-describedby")).split()
        assert field.get_attribute("value") == "10.0.0.300"
        desk.browser.one(".summary a").click()
        assert desk.browser.driver.switch_to.active_element.get_attribute("id") == "whitelist"

    @pytest.mark.parametrize(
        ("width", "dark"), [(1000, False), (1000, True), (360, False), (360, True), (320, False)]
    )
    def test_every_page_passes_the_audit(self, desk: Desk, *, width: int, dark: bool) -> None:
        browser = desk.browser
        browser.look(width=width, height=740, dark=dark)
        found: dict[str, list[str]] = {}

        def seen(name: str) -> None:
            browser.keep(f"{name}-{width}{'-dark' if dark else ''}")
            if faults := audit.faults(browser):
                found[name] = faults

        browser.open(f"/?account={ACCOUNT}")
        seen("sign-in")
        browser.press("Sign in")
        seen("two-factor")
        browser.fill("2FA code", browser.digits())
        browser.press("Turn on")
        seen("no-keys")
        browser.open("/keys/new")
        browser.fill("Label", "W" * 100)
        browser.fill("IP whitelist", "nowhere")
        browser.fill("2FA code", desk.phone())
        browser.press("Create the key")
        seen("faults")
        desk.create(label="W" * 100, whitelist="", ticks=("Trade", "Funds Internal", "Funds Wallet"))
        seen("secret")
        desk.client.page.activate(ACCOUNT, desk.key.key)
        desk.create(whitelist=" ".join(f"127.100.100.{n}" for n in range(100, 140)))
        for name, path in (
            ("keys", "/keys"),
            ("mailbox", "/mailbox"),
            ("phone", "/phone"),
            ("none", "/none"),
        ):
            browser.open(path)
            seen(name)
        for verb in ("secret", "activate", "edit", "delete"):
            browser.open(f"/keys/{desk.account.keys[-1].key}/{verb}")
            seen(verb)
        assert found == {}

    def test_the_audit_can_fail(self, desk: Desk) -> None:
        desk.browser.open("/sign-in")
        assert audit.faults(desk.browser) == []
        desk.browser.script(
            "document.querySelector('h1').style.color = '#999';"
            "document.querySelector('label').remove();"
            "document.querySelector('main').style.width = '3000px';"
        )
        rules = [fault.split(":")[0] for fault in audit.faults(desk.browser)]
        assert sorted(rules) == ["no label", "scrolls to the side by 2000 px", "text contrast"]
