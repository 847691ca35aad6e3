"""Secrets under a passphrase: fixed vectors that the pulumi CLI wrote, and what a wrong passphrase does."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engine import deployments
from sandbox.engine.errors import IncorrectPassphraseError, SecretsError
from sandbox.engine.secrets import PassphraseSecrets, passphrase_from

CASE = Path(__file__).resolve().parents[1] / "engine_cases" / "takes-over-state"
CHECKPOINT = json.loads((CASE / "backend/.pulumi/stacks/takes-over-state/dev.json").read_text())
DEPLOYMENT = CHECKPOINT["checkpoint"]["latest"]
SALT = DEPLOYMENT["secrets_providers"]["state"]["salt"]
OPENED = PassphraseSecrets("x", SALT)  # the key takes a while: derived once for all tests


class TestSecretsOfTheCliAreOpened:
    """Were the derivation or the cipher other than the CLI's, a stack could not change engines."""

    def test_a_ciphertext_that_the_cli_wrote_is_opened(self):
        sealed = DEPLOYMENT["resources"][0]["outputs"]["token"]["ciphertext"]
        assert OPENED.decrypt(sealed) == '"hunter2"'

    def test_every_secret_of_the_state_is_opened(self):
        told = json.dumps(deployments.shown(DEPLOYMENT["resources"], OPENED))
        assert told.count("hunter2") == 5
        assert "ciphertext" not in told

    def test_a_secret_is_masked_where_nobody_asks_for_it(self):
        assert deployments.shown(deployments.outputs(DEPLOYMENT), None)["token"] == "[secret]"

    def test_a_configuration_value_is_sealed_as_it_is(self):
        line = next(line for line in (CASE / "Pulumi.dev.yaml").read_text().splitlines() if "secure:" in line)
        assert OPENED.decrypt(line.partition("secure: ")[2]) == "hunter2"


class TestWhatIsSealedIsOpenedAgain:
    @given(st.text())
    @settings(deadline=None)
    def test_any_text_comes_back(self, text):
        assert OPENED.decrypt(OPENED.encrypt(text)) == text

    def test_no_two_ciphertexts_are_alike(self):
        assert OPENED.encrypt("a") != OPENED.encrypt("a")

    def test_a_new_salt_proves_its_own_passphrase(self):
        made = PassphraseSecrets.new("right")
        again = PassphraseSecrets("right", made.salt)
        assert again.decrypt(made.encrypt("secret")) == "secret"

    def test_a_state_moves_to_another_salt_with_its_secrets(self):
        other = PassphraseSecrets.new("other")
        moved = deployments.resealed(DEPLOYMENT, OPENED, other)
        assert moved["secrets_providers"]["state"]["salt"] == other.salt
        assert deployments.shown(deployments.outputs(moved), other)["token"] == "hunter2"


class TestAWrongPassphraseIsFoundBeforeAnyHarm:
    """A run under a wrong passphrase would make objects and then fail to write them down."""

    def test_it_is_refused_at_the_first_use(self):
        wrong = PassphraseSecrets("wrong", SALT)
        with pytest.raises(IncorrectPassphraseError, match="incorrect passphrase"):
            wrong.encrypt("text")
        assert not wrong.is_ready

    def test_the_text_names_the_variables_and_no_passphrase(self):
        with pytest.raises(IncorrectPassphraseError) as caught:
            PassphraseSecrets("s3cret-guess", SALT).verify()
        assert "PULUMI_CONFIG_PASSPHRASE" in str(caught.value)
        assert "s3cret-guess" not in str(caught.value)

    def test_a_broken_ciphertext_is_no_wrong_passphrase(self):
        sealed = OPENED.encrypt("text")
        for broken in ("", "v1:", "v1:a:b:c", "v2" + sealed[2:], sealed[:-6] + "AAAA==", "plain text"):
            with pytest.raises(SecretsError, match="could not be decrypted"):
                OPENED.decrypt(broken)

    @pytest.mark.parametrize("salt", ["", "v1:", "v1:!!:v1:a:b", "v2:A5WarhkYDik=:x", "v1:AAAA:v1:a:b"])
    def test_a_salt_of_another_kind_is_refused(self, salt):
        with pytest.raises(SecretsError, match="salt"):
            PassphraseSecrets("x", salt)


class TestWhereThePassphraseComesFrom:
    def test_an_empty_one_counts(self):
        assert passphrase_from({"PULUMI_CONFIG_PASSPHRASE": ""}) == ""

    def test_a_file_is_read_without_its_line_end(self, tmp_path):
        (tmp_path / "pass").write_text("x\n")
        assert passphrase_from({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "pass")}) == "x"

    def test_none_at_all_says_what_to_set(self):
        with pytest.raises(SecretsError, match="must be set with PULUMI_CONFIG_PASSPHRASE"):
            passphrase_from({})

    def test_a_missing_file_is_named(self):
        with pytest.raises(SecretsError, match="/nowhere/pass"):
            passphrase_from({"PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere/pass"})
