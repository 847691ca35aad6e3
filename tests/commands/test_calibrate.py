"""The calibration, rehearsed against the stand-in under several of its settings."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cexio.calibration import Record, fault_of, learned
from cexio.causes import (
    CALIBRATED,
    Calibration,
    calibrated_by,
    cause_of,
    documented,
    row_for,
)
from cexio.errors import CalibrationUnreadable
from cexio.judgement import Verdict
from cexio.measurement import Answer
from commands.calibrate import Stopped, Way, main, walk
from tests.cexio.matrix import trials
from tests.cexio.matrix.situations import HERE, HOST, Key, Side, every
from tests.cexio.matrix.stand import Stand, stand
from tests.cexio.matrix.trials import Row

READ_ALONE = Key(permissions=("Read",))
TODAY = dt.date(2026, 1, 2)
OFF = "have deactivated"
BEFORE = "before-permission"
SETTINGS: list[dict[str, Any]] = [
    {},
    {"permission_missing": "418 E17", "address_refused": "418 E18"},
    {"permission_missing": "400 Operation not permitted", "deactivated_key": "own-text"},
    {"permission_missing": "like-wrong-key", "address_refused": "like-wrong-key"},
    {"permission_missing": "403 E17", "address_refused": "403 E17", "stale_timestamp": "403 E17"},
    {"permission_check": "after-validation", "stale_timestamp": "own-text"},
    {"permission_missing": "bad-request", "rest_window_seconds": None, "ws_address_refused": "close"},
    {"account_check": "before-permission", "unknown_account": "bad-request"},
    {"account_check": "before-permission", "unknown_account": "like-permission", "cancel_check": BEFORE},
    {"address_refused": "403 Your address 127.0.0.9 is not on the list", "deactivated_key": "403 E19"},
]
_NAMES = ("good", "extra", "place and cancel missing", "whitelist", "not activated", "wrong key")
SITUATIONS = [one for one in every() if one.place == "host" and one.name.startswith(_NAMES)]


@pytest.fixture(scope="module")
def exchange() -> Iterator[Stand]:
    with stand() as running:
        yield running


class Person:
    """Does at the key page what the command says."""

    def __init__(self, exchange: Stand, key: Key = READ_ALONE, leaves_at: str = "never") -> None:
        self.exchange = exchange
        self.credentials = exchange.made(key)
        self.leaves_at = leaves_at
        self.asked: list[str] = []
        self.seen: list[str] = []
        self.name = self.credentials.key.get_secret_value()
        account = exchange.exchange.store.owner_of(self.name)
        assert account is not None
        self.key = account.keys[0]

    def prompt(self, words: str) -> str:
        self.asked.append(words)
        if self.leaves_at in words:
            raise KeyboardInterrupt
        if OFF in words:
            self.key.status = "deactivated"
        return ""

    def walk(self, folder: Path, **changes: Any) -> Calibration:
        return walk(way(self.exchange, folder, **changes), self.credentials, self.prompt, self.seen.append)


def way(exchange: Stand, folder: Path, **changes: Any) -> Way:
    asked = {
        "exchange": exchange.url,
        "account_id": "bot",
        "pair": "BTC-USD",
        "home_address": HOST,
        "foreign_address": HERE,
        "proxy": None,
        "record": folder / "record.json",
        "table": folder / "calibrated.json",
    }
    return Way.model_validate({**asked, **changes})


def calibrated(exchange: Stand, folder: Path, setting: dict[str, Any]) -> Calibration:
    person = Person(exchange)
    exchange.switch(Side(), setting, None)
    return person.walk(folder)


class TestVerdictsGetSharperAndNeverFalselyGood:
    """A row that was learned from the wrong reply would pass bad keys from then on, and look like proof."""

    @pytest.mark.parametrize("setting", SETTINGS, ids=str)
    def test_under_the_setting_it_was_made_for(
        self, exchange: Stand, tmp_path: Path, setting: dict[str, Any]
    ) -> None:
        calibrated(exchange, tmp_path, setting)
        before, after = (Row("before", "host"), Row("after", "host"))
        for situation in SITUATIONS:
            before.take(situation, setting, trials.one(exchange, situation, setting))
            with calibrated_by(tmp_path / "calibrated.json"):
                after.take(situation, setting, trials.one(exchange, situation, setting))
        assert not after.wrong, after.wrong
        assert after.as_it_should_be >= before.as_it_should_be
        assert (exchange.orders_resting(), exchange.funds_moved()) == (0, 0)

    @pytest.mark.parametrize(
        ("setting", "name", "blunt", "sharp"),
        [
            (SETTINGS[0], "extra: both Funds levels", Verdict.FUNDS_NOT_PROVEN, Verdict.TOO_MANY_PERMISSIONS),
            (SETTINGS[1], "good", Verdict.FUNDS_NOT_PROVEN, Verdict.VERIFIED),
            (
                SETTINGS[1],
                "place and cancel missing (Trade)",
                Verdict.UNDETERMINED,
                Verdict.PERMISSION_MISSING,
            ),
            (SETTINGS[1], "extra: Funds Wallet", Verdict.FUNDS_NOT_PROVEN, Verdict.TOO_MANY_PERMISSIONS),
        ],
    )
    def test_what_was_undetermined_gets_its_name(
        self,
        exchange: Stand,
        tmp_path: Path,
        setting: dict[str, Any],
        name: str,
        blunt: Verdict,
        sharp: Verdict,
    ) -> None:
        situation = next(one for one in SITUATIONS if one.name == name)
        calibrated(exchange, tmp_path, setting)
        assert trials.one(exchange, situation, setting).verdict is blunt
        with calibrated_by(tmp_path / "calibrated.json"):
            assert trials.one(exchange, situation, setting).verdict is sharp

    def test_the_key_alone_is_named_once_it_is_known_how_a_refused_address_is_worded(
        self, exchange: Stand, tmp_path: Path
    ) -> None:
        wrong_key = next(one for one in SITUATIONS if one.name == "wrong key")
        calibrated(exchange, tmp_path, {})
        assert HOST in trials.one(exchange, wrong_key, {}).line
        with calibrated_by(tmp_path / "calibrated.json"):
            found = trials.one(exchange, wrong_key, {})
        assert found.verdict is Verdict.WRONG_KEY
        assert HOST not in found.line

    @pytest.mark.long
    def test_a_calibration_of_another_exchange_makes_nothing_good(
        self, exchange: Stand, tmp_path: Path
    ) -> None:
        for setting in SETTINGS[:3]:
            folder = tmp_path / str(SETTINGS.index(setting))
            folder.mkdir()
            calibrated(exchange, folder, setting)
            with calibrated_by(folder / "calibrated.json"):
                for other in SETTINGS:
                    for situation in SITUATIONS:
                        found = trials.one(exchange, situation, other)
                        assert not found.promotes or situation.passes, (situation, other, found.line)


class TestWhatIsLearned:
    """A person does this once in years; what it writes must stand by itself."""

    def test_texts_with_their_causes_dated(self, exchange: Stand, tmp_path: Path) -> None:
        found = calibrated(exchange, tmp_path, {})
        rows = {(row.cause, row.channel, row.text, row.status) for row in found.rows}
        assert ("permission", "any", "Permission denied", (403,)) in rows
        assert ("address", "any", "IP address is not allowed", (401,)) in rows
        assert ("address", "websocket", "IP address is not allowed", (101,)) in rows
        assert {(row.source, row.confidence, row.match) for row in found.rows} == {
            ("calibrated", "confirmed", "exact")
        }
        assert all(row.date is not None for row in found.rows)
        assert found.permission_first is True
        assert json.loads((tmp_path / "calibrated.json").read_text())["rows"]

    def test_what_is_worded_like_a_wrong_key_makes_a_note_and_no_row(
        self, exchange: Stand, tmp_path: Path
    ) -> None:
        found = calibrated(exchange, tmp_path, SETTINGS[3])
        assert "Authorization Failed" not in {row.text for row in found.rows if row.channel == "any"}
        assert any("a refused address is told 'Authorization Failed'" in note for note in found.notes)

    def test_one_text_for_three_causes_makes_no_row(self, exchange: Stand, tmp_path: Path) -> None:
        found = calibrated(exchange, tmp_path, SETTINGS[4])
        assert "E17" not in {row.text for row in found.rows if row.channel == "any"}
        assert any(
            "a missing permission and a refused address and a stale time" in note for note in found.notes
        )

    def test_validation_before_permission_is_noticed(self, exchange: Stand, tmp_path: Path) -> None:
        assert calibrated(exchange, tmp_path, SETTINGS[5]).permission_first is False

    def test_a_text_that_quotes_the_address_is_kept_without_it(self, exchange: Stand, tmp_path: Path) -> None:
        found = calibrated(exchange, tmp_path, SETTINGS[-1])
        assert "127.0.0.9" not in found.model_dump_json()
        with calibrated_by(tmp_path / "calibrated.json"):
            assert cause_of("Your address 203.0.113.9 is not on the list", 403)[0] == "address"

    def test_no_row_contradicts_a_documented_one(self, exchange: Stand, tmp_path: Path) -> None:
        for setting in SETTINGS:
            folder = tmp_path / str(SETTINGS.index(setting))
            folder.mkdir()
            for row in calibrated(exchange, folder, setting).rows:
                known = row_for(documented(), row.text, row.status[0], row.channel)
                assert known is None or known.cause == row.cause

    def test_neither_key_nor_secret_is_written(self, exchange: Stand, tmp_path: Path) -> None:
        person = Person(exchange)
        exchange.switch(Side(), {}, None)
        person.walk(tmp_path)
        written = "".join(file.read_text() for file in tmp_path.iterdir()) + "".join(person.seen)
        assert person.name not in written
        assert person.credentials.secret.get_secret_value() not in written


class TestWhatIsSaidOfAnAccountIsNoPermission:
    """`Account none does not exist`, told before any look at the permission, was learned as its wording."""

    @pytest.mark.parametrize("setting", [one for one in SETTINGS if "account_check" in one], ids=str)
    def test_it_makes_a_note_and_no_row_and_a_key_that_moves_funds_is_not_verified(
        self, exchange: Stand, tmp_path: Path, setting: dict[str, Any]
    ) -> None:
        found = calibrated(exchange, tmp_path, setting)
        texts = {row.text for row in found.rows if row.cause == "permission"}
        assert texts == {"Permission denied"}
        assert found.permission_first is False
        assert any("account" in note.lower() and "no row" in note for note in found.notes)
        both = next(one for one in SITUATIONS if one.name == "extra: both Funds levels")
        with calibrated_by(tmp_path / "calibrated.json"):
            told = trials.one(exchange, both, setting)
        assert (told.verdict, told.promotes) == (Verdict.FUNDS_NOT_PROVEN, False)

    def test_only_what_the_complete_order_was_told_is_the_wording(self) -> None:
        other = (403, {"error": "E18"})
        found = learned(record({"place": (403, {"error": "E17"}), "funds-wallet": other}), TODAY)
        assert [(row.cause, row.text) for row in found.rows] == [("permission", "E17")]
        assert found.permission_first is False
        assert any("'E18'" in note for note in found.notes)
        assert not learned(record({"funds-wallet": other, "funds-internal": other}), TODAY).rows

    def test_an_order_and_a_cancel_that_are_told_two_things_teach_neither(self) -> None:
        replies = {"place": (403, {"error": "E17"}), "cancel": (403, {"error": "E18"})}
        found = learned(record(replies), TODAY)
        assert not found.rows
        assert all(any(text in note for note in found.notes) for text in ("place is told 'E17'", "'E18'"))

    def test_what_may_be_about_the_parameters_is_no_wording_of_a_permission(self) -> None:
        text = {"error": "Account bot may not be used"}
        found = learned(record(dict.fromkeys(("place", "cancel", "funds-wallet"), (403, text))), TODAY)
        assert not found.rows
        assert any("Account bot" in note for note in found.notes)


class TestItStopsWhereItWouldLearnWrong:
    """`The key is accepted` taken for the wording of a refusal."""

    @pytest.mark.parametrize(
        ("key", "words"),
        [
            (Key(permissions=("Read", "Trade")), "make one with Read alone"),
            (Key(permissions=("Read",), addresses=()), "is the whitelist empty"),
            (Key(permissions=("Read",), state="created"), "mend that first"),
        ],
    )
    def test_a_key_that_is_not_as_asked(self, exchange: Stand, tmp_path: Path, key: Key, words: str) -> None:
        person = Person(exchange, key)
        exchange.switch(Side(), {}, None)
        with pytest.raises(Stopped, match=words):
            person.walk(tmp_path)
        assert not (tmp_path / "calibrated.json").exists()

    def test_a_network_that_is_the_same_still(self, exchange: Stand, tmp_path: Path) -> None:
        exchange.switch(Side(), {}, None)
        with pytest.raises(Stopped, match="go elsewhere"):
            Person(exchange).walk(tmp_path, foreign_address=HOST)

    def test_an_answer_that_is_not_the_exchanges(self, exchange: Stand, tmp_path: Path) -> None:
        person = Person(exchange)
        fault = (("fault", "html-502"), ("fault_actions", ("do_cancel_my_order",)))
        exchange.switch(Side(switches=fault), {}, None)
        with pytest.raises(Stopped, match="cancel was not answered by the exchange"):
            person.walk(tmp_path)

    def test_an_order_that_is_taken_is_an_alarm(self, exchange: Stand, tmp_path: Path) -> None:
        person = Person(exchange, Key(permissions=("Read", "Trade")))
        exchange.switch(Side(switches=(("orders_taken", "any"),)), {}, None)
        with pytest.raises(Stopped, match="ALARM") as stopped:
            person.walk(tmp_path)
        assert stopped.value.status == 2
        assert exchange.orders_resting() == 0

    @pytest.mark.parametrize("fault", ["none", "lost-reply", "cut"])
    def test_every_order_that_may_have_been_taken_is_cancelled_and_looked_for(
        self, exchange: Stand, tmp_path: Path, fault: str
    ) -> None:
        person = Person(exchange, Key(permissions=("Read", "Trade")))
        lost = (("fault", fault), ("fault_actions", ("do_my_new_order",)))
        switches = (("orders_taken", "any"), ("price_needed", False), *lost)
        exchange.switch(Side(switches=switches), {}, None)
        with pytest.raises(Stopped) as stopped:
            person.walk(tmp_path)
        assert exchange.orders_resting() == 0
        taken = fault != "cut"
        assert (stopped.value.status, "ALARM" in str(stopped.value)) == ((2, True) if taken else (1, False))

    def test_a_rehearsal_never_writes_the_table_of_the_real_exchange(
        self, exchange: Stand, tmp_path: Path
    ) -> None:
        with pytest.raises(Stopped, match="--table"):
            Person(exchange).walk(tmp_path, table=CALIBRATED)


class TestItGoesOnWhereItStopped:
    """The step at another network is a walk away; whoever comes back must not begin again."""

    def test_done_steps_are_not_asked_again(self, exchange: Stand, tmp_path: Path) -> None:
        exchange.switch(Side(), {}, None)
        person = Person(exchange, leaves_at="are back")
        with pytest.raises(KeyboardInterrupt):
            person.walk(tmp_path)
        asked = exchange.tally.actions["do_my_new_order"]
        person.leaves_at, person.asked = "never", []
        found = person.walk(tmp_path)
        assert exchange.tally.actions["do_my_new_order"] == asked
        assert len(person.asked) == 2
        assert {"permission", "address"} <= {row.cause for row in found.rows}

    def test_a_record_of_another_key_is_not_taken(self, exchange: Stand, tmp_path: Path) -> None:
        exchange.switch(Side(), {}, None)
        Person(exchange).walk(tmp_path)
        with pytest.raises(Stopped, match="another key"):
            Person(exchange).walk(tmp_path)
        (tmp_path / "record.json").write_text("{")
        with pytest.raises(Stopped, match="no record"):
            Person(exchange).walk(tmp_path)


class TestTheCommand:
    """`make calibrate` as a person runs it."""

    def test_the_key_comes_from_a_file_and_the_rest_from_words(
        self,
        exchange: Stand,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        person = Person(exchange)
        exchange.switch(Side(), {}, None)
        key = tmp_path / "key.json"
        secret = person.credentials.secret.get_secret_value()
        key.write_text(json.dumps({"key": person.name, "secret": secret}))
        key.chmod(0o600)
        monkeypatch.setenv("CEXIO_KEY_FILE", str(key))
        monkeypatch.setattr("builtins.input", person.prompt)
        words = {
            "--exchange": exchange.url,
            "--home-address": HOST,
            "--foreign-address": HERE,
            "--record": str(tmp_path / "record.json"),
            "--table": str(tmp_path / "calibrated.json"),
        }
        assert main([each for pair in words.items() for each in pair]) == 0
        told = capsys.readouterr().out
        assert "How a missing permission is worded" in told
        assert "'Permission denied'" in told
        assert secret not in told


class TestNoKeyGoesWhereItMustNot:
    """A slip in one word, and the key of a real account travels in plain text or the walk is a traceback."""

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("--exchange", "http://exchange.test"), "--exchange: plain http would show the API key"),
            (("--exchange", "https://["), "--exchange: give a base URL such as"),
            (("--proxy", "office:3128"), "--proxy: give"),
            (("--proxy", "http://["), "--proxy: give"),
            (("--home-address", "::1"), "--home-address: give"),
            (("--foreign-address", "the phone"), "--foreign-address: give"),
            (("--pair", "btcusd"), "--pair: give"),
            (("--account", "a b"), "--account: a sub-account"),
        ],
    )
    def test_it_is_one_line_before_a_key_is_asked_for(
        self,
        words: tuple[str, ...],
        told: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def asked(_words: str) -> str:
            raise AssertionError("a key was asked for")

        monkeypatch.setattr("getpass.getpass", asked)
        monkeypatch.delenv("CEXIO_KEY_FILE", raising=False)
        assert main([*words, "--record", str(tmp_path / "record.json")]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"error: {told}")
        assert error.count("\n") == 1


class TestTheTableItWrites:
    """A file that was edited by hand and is passed over would blunt every verdict, and nobody would know."""

    @pytest.mark.parametrize("text", ["{", "[]", '{"rows": [{"cause": "nonsense"}]}'])
    def test_one_that_cannot_be_read_is_told_and_not_passed_over(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "calibrated.json"
        file.write_text(text)
        with calibrated_by(file), pytest.raises(CalibrationUnreadable, match="make calibrate"):
            cause_of("E17", 401)

    def test_without_one_the_documented_texts_stand(self, tmp_path: Path) -> None:
        with calibrated_by(tmp_path / "none.json"):
            assert cause_of("Authorization Failed", 401)[0] == "credentials"


class TestSingleReplies:
    """Where the evidence is thin, no row is made of it."""

    def test_a_cancel_that_is_taken_without_trade_is_noted(self) -> None:
        found = learned(record({"cancel": (200, {"ok": "ok", "data": {}})}), TODAY)
        assert any("proves no permission" in note for note in found.notes)
        assert found.cancel_proves is False

    def test_a_cancel_that_is_refused_like_the_order_shows_that_one_that_is_taken_proves(self) -> None:
        denied = (403, {"error": "E17"})
        assert learned(record({"place": denied, "cancel": denied}), TODAY).cancel_proves is True
        unknown = (500, {"error": "unknown_order"})
        assert learned(record({"place": denied, "cancel": unknown}), TODAY).cancel_proves is None

    @pytest.mark.parametrize("step", ["baseline", "foreign", "deactivated"])
    def test_silence_teaches_nothing(self, step: Any) -> None:
        lost = Answer(
            probe="key-check", vantage="x", action="get_my_current_fee", fault="timeout", at="2026-01-02"
        )
        assert fault_of(step, [lost]) is not None


def record(replies: dict[str, tuple[int, Any]]) -> Record:
    answers = [
        Answer(probe=probe, vantage="x", action="x", status=status, text=json.dumps(body), at="2026-01-02")
        for probe, (status, body) in replies.items()
    ]
    return Record(exchange="x", answers={"read-only": answers})
