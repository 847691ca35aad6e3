"""deployers.py: who is let at a secret's value, and what a caller who is not is told."""

from __future__ import annotations

import pytest

from providers.aws.caller import Caller
from providers.aws.deployers import LockedOut, admits, let_in

ACCOUNT = "123456789012"
CI = f"arn:aws:iam::{ACCOUNT}:role/teams/ci"
ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
CENTER = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_"
SET = "pulumi config set cexio-bot:deployers"


def session(role: str, *, exact: bool = True) -> Caller:
    name = role.rpartition("/")[2]
    found = role if exact else f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/me", found, exact)


class TestWhoIsLetIn:
    """A list without the one who runs locks the run out in its middle, and the key with it."""

    def test_the_caller_is_the_one_where_nobody_is_named(self) -> None:
        assert let_in("s", [], [], session(CI)) == [CI]
        assert let_in("s", [], [], Caller(ACCOUNT, ANN, ANN)) == [ANN]

    def test_what_is_configured_counts_before_what_was_pinned(self) -> None:
        assert let_in("s", [CI, ANN], [], session(CI)) == [CI, ANN]
        assert let_in("s", [CI], [ANN], session(CI)) == [CI]
        assert let_in("s", [], [CI], session(CI)) == [CI]

    def test_the_tail_of_a_role_of_identity_center_may_be_any(self) -> None:
        assert admits([f"{CENTER}*"], session(f"{CENTER}0123456789abcdef"))
        assert not admits([f"{CENTER}*"], session(CENTER.replace("Admin", "Other") + "0123456789abcdef"))

    def test_a_path_counts_where_it_is_known_and_the_name_where_it_is_not(self) -> None:
        assert not admits([CI.replace("teams/", "")], session(CI))
        assert admits([CI], session(CI, exact=False))
        assert admits([f"{CENTER}*"], session(f"{CENTER}0123456789abcdef", exact=False))
        assert not admits([ANN.replace("ann", "ci")], session(CI, exact=False))


class TestRefusals:
    """ "Access denied" sent people to their IAM policy, where nothing was wrong."""

    def refusal(self, configured: list[str], pinned: list[str], caller: Caller) -> str:
        with pytest.raises(LockedOut) as told:
            let_in("s", configured, pinned, caller)
        assert "nothing was changed" in str(told.value)
        return str(told.value)

    def test_one_who_is_not_configured_is_told_the_command_with_all_names(self) -> None:
        told = self.refusal([ANN], [], session(CI))
        assert f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/me" in told
        assert f"""`{SET} '["{CI}", "{ANN}"]'`""" in told

    def test_another_than_the_one_who_made_it_is_told_to_name_both(self) -> None:
        told = self.refusal([], [ANN], session(CI))
        assert f"the deployer that the policy of this secret lets at its value, {ANN}" in told
        assert f"""`{SET} '["{CI}", "{ANN}"]'`""" in told

    def test_a_role_whose_path_is_not_known_is_never_pinned(self) -> None:
        told = self.refusal([], [], session(CI, exact=False))
        assert "iam:GetRole" in told
        assert "path" in told

    def test_root_is_never_proposed(self) -> None:
        assert f"""{SET} '["{ANN}"]'""" in self.refusal([], [ROOT], Caller(ACCOUNT, ANN, ANN))
        assert ROOT not in self.refusal([ANN], [], Caller(ACCOUNT, ROOT, ROOT)).partition(SET)[2]


class TestNotices:
    """What goes on, but should not stay so, is said aloud."""

    def test_root_and_a_guessed_path_are_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        let_in("s", [], [], Caller(ACCOUNT, ROOT, ROOT))
        assert "the account's root deploys" in capsys.readouterr().err
        let_in("s", [CI], [], session(CI, exact=False))
        assert "by its name" in capsys.readouterr().err
        let_in("s", [CI], [], session(CI))
        assert capsys.readouterr().err == ""
