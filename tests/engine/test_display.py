"""What a run shows, in the CLI's words and order."""

import io

import pytest

from sandbox.engine.display import Display
from sandbox.engine.events import EventLog, Fanout
from sandbox.engine.live import LiveDisplay

URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/worlds:Thing::a"
STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
PROVIDER = "urn:pulumi:dev::shop::pulumi:providers:pulumi-python::default"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}


def step(kind, op, urn=URN, old=None, new=None):
    return {kind: {"metadata": {"op": op, "urn": urn, "type": urn.split("::")[2], "old": old, "new": new}}}


def said(message, severity="error", urn=URN):
    return {"diagnosticEvent": {"urn": urn, "message": message, "severity": severity, "prefix": ""}}


def summary(**changes):
    return {
        "summaryEvent": {
            "durationSeconds": 2,
            "resourceChanges": {k.replace("_", "-"): v for k, v in changes.items()},
        }
    }


def shown(*events, kind="up", preview=False, make=Display, **settings):
    out = io.StringIO()
    display = make(out, kind=kind, preview=preview, stack="dev", project="shop", colour=False, **settings)
    with display as sink:
        for event in events:
            sink.emit(event)
    return out.getvalue()


CREATED = (
    step("resourcePreEvent", "create", STACK, new={"outputs": {}}),
    step("resourcePreEvent", "create", PROVIDER, new={}),
    step("resOutputsEvent", "create", PROVIDER, new={}),
    step("resourcePreEvent", "create", new={"inputs": {"kind": "x"}}),
    step("resOutputsEvent", "create", new={"inputs": {"kind": "x"}}),
    step("resOutputsEvent", "create", STACK, new={"outputs": {"where": "world://a", "token": SECRET}}),
    summary(create=2),
)


class TestARunIsShownStepByStep:
    def test_a_first_create(self):
        assert shown(*CREATED).splitlines() == [
            "Updating (dev):",
            "",
            " +  pulumi:pulumi:Stack shop-dev creating (0s)",
            " +  pulumi-python:dynamic/worlds:Thing a creating (0s)",
            " +  pulumi-python:dynamic/worlds:Thing a created (0.00s)",
            " +  pulumi:pulumi:Stack shop-dev created (0.00s)",
            "Outputs:",
            "    token: [secret]",
            '    where: "world://a"',
            "",
            "Resources:",
            "    + 2 created",
            "",
            "Duration: 2s",
            "",
        ]

    def test_an_unchanged_run_is_short(self):
        unchanged = {"outputs": {"where": "x"}}
        told = shown(
            step("resourcePreEvent", "same", STACK, unchanged, unchanged),
            step("resourcePreEvent", "same"),
            step("resOutputsEvent", "same"),
            step("resOutputsEvent", "same", STACK, unchanged, unchanged),
            summary(same=2),
            preview=True,
        )
        assert told.splitlines() == [
            "Previewing update (dev):",
            "",
            "    pulumi:pulumi:Stack shop-dev",
            "Resources:",
            "    2 unchanged",
            "",
        ]

    def test_a_replacement_names_what_differs(self):
        states = (
            {"inputs": {"kind": "x", "size": 1, "gone": 1}},
            {"inputs": {"kind": "y", "size": 1, "more": 1}},
        )
        told = shown(step("resourcePreEvent", "replace", URN, *states), preview=True)
        assert " +- pulumi-python:dynamic/worlds:Thing a replace [diff: +more-gone~kind]" in told

    @pytest.mark.parametrize(
        ("kind", "title"), [("up", "Updating"), ("refresh", "Refreshing"), ("destroy", "Destroying")]
    )
    def test_titles(self, kind, title):
        assert shown(kind=kind).startswith(f"{title} (dev):\n")

    def test_several_kinds_of_change_are_summed_up(self):
        told = shown(summary(create=1, update=2, delete=3, replace=4, same=5), preview=True)
        expected = [
            "+ 1 to create",
            "~ 2 to update",
            "- 3 to delete",
            "+-4 to replace",
            "10 changes. 5 unchanged",
        ]
        assert [line.strip() for line in told.splitlines()[3:8]] == expected


class TestNothingWrongIsOverlooked:
    """An error that scrolls away in a pipe is one that nobody acts on."""

    def test_errors_stand_under_the_name_of_their_resource(self):
        told = shown(said("RuntimeError: no\n\n"), said("update failed", urn=""), summary(same=1))
        assert "  pulumi-python:dynamic/worlds:Thing (a):\n    error: RuntimeError: no\n" in told
        assert "  pulumi:pulumi:Stack (shop-dev):\n    error: update failed\n" in told

    def test_resources_with_errors_are_counted_once_each(self):
        told = shown(said("one"), said("two"), said("three", urn=""), summary())
        assert "    2 errored\n" in told

    def test_warnings_are_no_errors(self):
        told = shown(said("careful\nsecond line", "warning"), summary(same=1))
        assert "    warning: careful\n    second line\n" in told
        assert "errored" not in told

    def test_messages_for_debugging_are_left_out(self):
        assert "inner" not in shown(said("inner workings", "debug"))

    def test_a_failed_step_says_so(self):
        told = shown(step("resourcePreEvent", "create"), said("no"), step("resOpFailedEvent", "create"))
        assert "a **creating failed** 1 error" in told

    def test_a_mandatory_finding_names_policy_and_resource_and_hides_the_counts(self):
        finding = {
            "resourceUrn": URN, "message": "Nothing open\nport 22 is\n", "policyName": "no-ingress",
            "policyPackName": "pack", "policyPackVersion": "1.0", "enforcementLevel": "mandatory",
        }  # fmt: skip
        told = shown({"policyEvent": finding}, summary(create=1), preview=True)
        assert "    ❌ pack@v1.0\n" in told
        assert "        - [mandatory]  no-ingress  (pulumi-python:dynamic/worlds:Thing: a)\n" in told
        assert "          port 22 is\n" in told
        assert "Resources:" not in told


class TestOutputs:
    def test_changes_are_marked(self):
        old, new = {"gone": 1, "same": 1, "other": "x"}, {"same": 1, "other": "y", "new": [True, None]}
        told = shown(step("resOutputsEvent", "same", STACK, {"outputs": old}, {"outputs": new}))
        lines = told[told.index("Outputs:") :].splitlines()
        assert lines[1:8] == [
            "  - gone : 1",
            "  + new  : [",
            "        [0]: true",
            "        [1]: <null>",
            "    ]",
            '  ~ other: "x" => "y"',
            "    same : 1",
        ]

    def test_unknown_and_long_values_are_short(self):
        outputs = {"id": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "readme": "# title\n" * 50}
        told = shown(step("resOutputsEvent", "create", STACK, None, {"outputs": outputs}))
        assert "    id    : [unknown]\n" in told
        assert '    readme: "# title\\n# title\\n# title..."\n' in told

    def test_they_can_be_left_out(self):
        assert "Outputs:" not in shown(*CREATED, suppress_outputs=True)


class TestTheTerminalShowsTheSame:
    def test_the_live_display_leaves_each_row_once(self):
        told = shown(*CREATED, make=LiveDisplay)
        assert told.count("Thing a created") == 1
        assert "Resources:\n    + 2 created\n" in told


class TestTheEventLog:
    def test_each_event_is_a_line_with_number_and_time(self, tmp_path):
        import json

        with EventLog.open(tmp_path / "events") as log:
            for event in (said("first"), summary(create=1)):
                Fanout(log).emit(event)
        lines = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
        assert [line["sequence"] for line in lines] == [0, 1]
        assert lines[1]["summaryEvent"]["resourceChanges"] == {"create": 1}
        assert all(isinstance(line["timestamp"], int) for line in lines)
