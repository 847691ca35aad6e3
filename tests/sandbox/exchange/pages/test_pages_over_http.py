"""The pages as an attacker, a second tab or a broken link meets them: over plain HTTP, without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from sandbox.exchange import two_factor
from tests.sandbox.exchange.conftest import Client, Clock

ACCOUNT = "rehearsal-1"


class Visitor:
    """Somebody with a cookie jar."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.client, self.clock = client, clock
        self.http = httpx.Client(
            base_url=client.stand.url, trust_env=False, follow_redirects=True, headers={"Connection": "close"}
        )

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.http.get(f"/rehearsal{path}", **more)  # type: ignore[arg-type]

    def token(self) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', self.get("/sign-in").text)
        assert found
        return found[1]

    def post(self, path: str, **form: object) -> httpx.Response:
        return self.http.post(f"/rehearsal{path}", data={"form_token": self.token(), **form})

    def code(self) -> str:
        self.clock.ahead += 30
        account = self.client.exchange.store.account(ACCOUNT)
        assert account is not None
        return two_factor.code_at(two_factor.share_secret(account).secret, self.client.exchange.now())

    def sign_in(self) -> None:
        assert "Turn on two-factor login" in self.post("/sign-in", account=ACCOUNT).text
        assert "API Management" in self.post("/two-factor", code=self.code()).text

    def create(self, **form: object) -> httpx.Response:
        wanted = {"label": "Bot", "permissions": ["Trade"], "whitelist": "127.1.2.3"} | form
        return self.post("/keys/new", **({"code": self.code()} if "code" not in form else {}), **wanted)


@pytest.fixture
def visitor(client: Client, clock: Clock) -> Iterator[Visitor]:
    client.page.open_account(ACCOUNT)
    visitor = Visitor(client, clock)
    with visitor.http:
        yield visitor


class TestTheSecretIsShownOnce:
    """A secret that a second look, a cache or a mail still shows is one that somebody else can find."""

    def test_only_the_answer_after_creation_holds_it(self, visitor: Visitor) -> None:
        visitor.sign_in()
        shown = visitor.create()
        [row] = visitor.client.page.keys(ACCOUNT)
        account = visitor.client.exchange.store.account(ACCOUNT)
        assert account is not None
        secret = account.keys[0].secret
        assert secret in shown.text
        path = f"/keys/{row['key']}"
        for again in ("/secret", "/edit", "/activate", "/delete"):
            assert secret not in visitor.get(path + again).text
        assert "is not shown again" in visitor.get(f"{path}/secret").text
        assert secret not in visitor.get("/keys").text + visitor.get("/mailbox").text

    def test_no_page_is_kept_by_a_cache(self, visitor: Visitor) -> None:
        visitor.sign_in()
        for answer in (visitor.create(), visitor.get("/keys"), visitor.get("/mailbox"), visitor.get("/none")):
            assert answer.headers["cache-control"] == "no-store"

    def test_going_on_needs_the_tick_and_never_shows_it_again(self, visitor: Visitor) -> None:
        visitor.sign_in()
        visitor.create()
        [row] = visitor.client.page.keys(ACCOUNT)
        answer = visitor.post(f"/keys/{row['key']}/secret", then="activate")
        assert answer.status_code == 422
        assert "Tick that you have saved the secret" in answer.text


class TestOnlyThePersonActs:
    """A page that takes forms from anywhere lets a foreign site make a key while the person looks at it."""

    def test_a_form_without_its_token_does_nothing(self, visitor: Visitor) -> None:
        visitor.sign_in()
        form = {"label": "Bot", "code": visitor.code(), "form_token": "guessed"}
        answer = visitor.http.post("/rehearsal/keys/new", data=form)
        assert answer.status_code == 403
        assert visitor.client.page.keys(ACCOUNT) == []

    def test_a_token_of_another_session_is_none(self, visitor: Visitor, clock: Clock) -> None:
        visitor.sign_in()
        stranger = Visitor(visitor.client, clock)
        form = {"label": "Bot", "code": visitor.code(), "form_token": stranger.token()}
        assert visitor.http.post("/rehearsal/keys/new", data=form).status_code == 403

    @pytest.mark.parametrize("page", ["delete", "secret", "activate", "edit"])
    def test_a_head_request_does_nothing_and_uses_nothing_up(self, visitor: Visitor, page: str) -> None:
        visitor.sign_in()
        made = visitor.http.post(
            "/rehearsal/keys/new",
            data={
                "form_token": visitor.token(),
                "code": visitor.code(),
                "label": "Bot",
                "permissions": ["Trade"],
                "whitelist": "127.1.2.3",
            },
            follow_redirects=False,
        )
        assert made.status_code == 303
        before = visitor.client.page.keys(ACCOUNT)
        answer = visitor.http.head(f"/rehearsal/keys/{before[0]['key']}/{page}")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
        assert visitor.client.page.keys(ACCOUNT) == before
        account = visitor.client.exchange.store.account(ACCOUNT)
        assert account is not None
        assert account.keys[0].secret in visitor.http.get(made.headers["location"]).text

    def test_a_form_too_long_is_refused(self, visitor: Visitor) -> None:
        visitor.sign_in()
        assert visitor.create(whitelist="127.1.2.3 " * 3000).status_code == 403
        assert visitor.create(permissions=["Trade"] * 200).status_code == 403

    def test_a_foreign_name_that_leads_here_gets_nothing(self, visitor: Visitor) -> None:
        answer = visitor.get("/sign-in", headers={"Host": "evil.example"})
        assert (answer.status_code, "form" in answer.text) == (400, False)

    @pytest.mark.parametrize(
        "path", ["/keys", "/keys/new", "/keys/x/edit", "/mailbox", "/phone", "/phone/card"]
    )
    def test_a_stranger_is_led_to_sign_in(self, visitor: Visitor, path: str) -> None:
        assert visitor.get(path).url.path == "/rehearsal/sign-in"

    def test_the_name_alone_lets_nobody_in_once_two_factor_login_is_on(
        self, visitor: Visitor, clock: Clock
    ) -> None:
        visitor.sign_in()
        second = Visitor(visitor.client, clock)
        second.post("/sign-in", account=ACCOUNT)
        assert second.get("/keys").url.path == "/rehearsal/sign-in"
        assert second.post("/sign-in/code", code="000000").status_code == 422
        assert second.post("/sign-in/code", code=second.code()).url.path == "/rehearsal/keys"

    def test_api_management_wants_two_factor_login_first(self, visitor: Visitor) -> None:
        visitor.post("/sign-in", account=ACCOUNT)
        assert visitor.get("/keys/new").url.path == "/rehearsal/two-factor"

    def test_the_cookie_is_new_at_sign_in_and_out_of_reach(self, visitor: Visitor) -> None:
        visitor.get("/sign-in")
        before = dict(visitor.http.cookies)
        form = {"form_token": visitor.token(), "account": ACCOUNT}
        answer = visitor.http.post("/rehearsal/sign-in", data=form, follow_redirects=False)
        [cookie] = answer.headers.get_list("set-cookie")
        assert {"HttpOnly", "SameSite=strict", "Path=/rehearsal"} <= set(cookie.split("; "))
        assert dict(visitor.http.cookies) != before

    def test_signing_out_ends_the_session_on_this_side(self, visitor: Visitor) -> None:
        visitor.sign_in()
        kept = dict(visitor.http.cookies)
        visitor.post("/sign-out")
        visitor.http.cookies.clear()
        visitor.http.cookies.update(kept)
        assert visitor.get("/keys").url.path == "/rehearsal/sign-in"

    def test_no_script_can_run_and_nobody_can_frame_a_form(self, visitor: Visitor) -> None:
        visitor.sign_in()
        policy = visitor.get("/keys").headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in visitor.get("/keys/new").text

    def test_what_is_typed_stays_text(self, visitor: Visitor) -> None:
        visitor.sign_in()
        visitor.create(label="<b>Bot</b>\"'")
        page = visitor.get("/keys").text
        assert "<b>Bot" not in page
        assert "&lt;b&gt;Bot" in page

    def test_another_accounts_key_is_not_there(self, visitor: Visitor) -> None:
        foreign = visitor.client.key()
        visitor.sign_in()
        answer = visitor.post(f"/keys/{foreign['key']}/delete")
        assert answer.status_code == 404
        assert len(visitor.client.page.keys("1")) == 1


class TestEveryPageIsMarked:
    """A page that could be taken for the exchange's own is a lesson for phishers."""

    def test_in_its_text_and_its_title(self, visitor: Visitor) -> None:
        visitor.sign_in()
        visitor.create()
        [row] = visitor.client.page.keys(ACCOUNT)
        each = f"/keys/{row['key']}"
        paths = [
            "/sign-in",
            "/sign-in/code",
            "/keys",
            "/keys/new",
            "/mailbox",
            "/phone",
            "/phone/card",
            "/none",
        ]
        for path in [*paths, f"{each}/secret", f"{each}/activate", f"{each}/edit", f"{each}/delete"]:
            text = visitor.get(path).text
            assert re.search(r"<title>[^<]*Rehearsal: not CEX\.IO</title>", text), path
            assert "not CEX.IO" in text.partition("<body")[2], path

    def test_the_bare_address_leads_to_them(self, visitor: Visitor) -> None:
        assert visitor.client.page.has_pages()
        assert visitor.http.get("/").url.path == "/rehearsal/"


class TestThePagesAndTheControlSurfaceAreOneTruth:
    """Two sets of rules would drift apart, and the rehearsal would teach what the tests do not test."""

    def test_a_key_made_on_the_page_is_the_one_that_the_api_lets_in(self, visitor: Visitor) -> None:
        visitor.sign_in()
        visitor.create(whitelist="127.1.2.3; 127.4.5.6,127.7.8.9")
        [row] = visitor.client.page.keys(ACCOUNT)
        assert row["addresses"] == ["127.1.2.3", "127.4.5.6", "127.7.8.9"]
        assert row["permissions"] == ["Read", "Trade"]
        visitor.client.page.activate(ACCOUNT, row["key"], ask_for_code=False)
        assert "Active" in visitor.get("/keys").text

    def test_all_that_is_wrong_is_told_at_once_and_costs_no_code(self, visitor: Visitor) -> None:
        visitor.sign_in()
        code = visitor.code()
        answer = visitor.create(label=" ", whitelist="here", permissions=["Fly"], code=code)
        assert answer.status_code == 422
        for field in ("label", "whitelist", "permissions"):
            assert f'href="#{field}"' in answer.text
            assert f'id="{field}-fault"' in answer.text
        assert visitor.create(code=code).status_code == 200

    def test_an_edit_warns_only_where_it_deactivates(self, visitor: Visitor) -> None:
        visitor.sign_in()
        visitor.create()
        [row] = visitor.client.page.keys(ACCOUNT)
        visitor.client.page.activate(ACCOUNT, row["key"], ask_for_code=False)
        warned = "Saving switches this key off"
        assert warned in visitor.get(f"/keys/{row['key']}/edit").text
        visitor.client.page.switches({"edit_deactivates": False})
        assert warned not in visitor.get(f"/keys/{row['key']}/edit").text
        visitor.post(f"/keys/{row['key']}/edit", label="Bot", whitelist="127.1.2.3", code=visitor.code())
        [row] = visitor.client.page.keys(ACCOUNT)
        assert (row["status"], row["permissions"]) == ("active", ["Read"])

    def test_an_active_key_is_mailed_no_code_that_nobody_asked_for(self, visitor: Visitor) -> None:
        visitor.sign_in()
        visitor.create()
        [row] = visitor.client.page.keys(ACCOUNT)
        visitor.client.page.activate(ACCOUNT, row["key"], ask_for_code=False)
        answer = visitor.post(f"/keys/{row['key']}/secret", saved="yes", then="activate")
        assert "This key is active" in answer.text
        assert len(visitor.client.page.ask("GET", f"/accounts/{ACCOUNT}/mailbox")) == 1

    def test_the_sixth_key_is_refused_in_the_same_words(self, visitor: Visitor) -> None:
        for number in range(5):
            visitor.client.page.make_key(ACCOUNT, label=f"L{number}", permissions=[], addresses=[])
        visitor.sign_in()
        answer = visitor.create()
        assert answer.status_code == 422
        assert "has 5 keys, which is all it may have" in answer.text
