"""One trial: a moment of an object with an accident at one of its calls, then the same again without it.

A trial may end well at once, or in one line that `faults_of` finds nothing against; the run after the
accident must end well, with one object and nothing left of it once it is deleted.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from tests.faults.accidents import ACCIDENTS, REQUEST, Accident
from tests.faults.moments import ObjectOf, Place, Stage
from tests.faults.proxy import Call, Fate, mutating
from tests.providers.dynamic_server import CallFailed

BOUND = 30.0  # seconds under the harness's patience; some minutes of an operator's
ACTION = re.compile(r"\b(ec2|iam|secretsmanager|ssm|sts|kms|servicequotas):[A-Z][A-Za-z]+")
NEXT_STEPS = (
    *("run the same command again", "run again", "allow ", "log in", "set cexio-bot:", "enable ", "raise "),
    *("remove ", "release ", "pulumi refresh", "`pulumi", "see ", "run as a role"),
)
SPEAKING = ("stalled", "reset before", "reset after", "no connection")  # no answer came, so no id of one


@dataclass
class Trial:
    """What became of it. unclear: what is wrong with the line; wrong: what is wrong afterwards."""

    place: Place
    accident: str
    hit: int = 0
    said: str = ""
    seconds: float = 0.0
    converged: bool = False
    unclear: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        return not self.said

    @property
    def clear(self) -> bool:
        return bool(self.said) and not self.unclear

    @property
    def doubled(self) -> bool:
        return any(one.startswith("doubled") for one in self.wrong)

    @property
    def leaked(self) -> bool:
        return any(one.startswith("leaked") for one in self.wrong)

    @property
    def well(self) -> bool:
        """As it has to be, and as the accident's row has it."""
        wanted = ACCIDENTS[self.accident].ends
        as_expected = wanted == "either" or wanted == ("success" if self.succeeded else "error")
        return self.converged and not self.unclear and not self.wrong and as_expected

    def line(self) -> str:
        """For a report of what is not well."""
        outcome = "success" if self.succeeded else f"said: {self.said[:400]}"
        return (
            f"{self.place.resource}.{self.place.moment} {self.place.action}#{self.place.nth} × "
            f"{self.accident}: {outcome}; {'; '.join([*self.unclear, *self.wrong]) or 'as it should not end'}"
        )


def may_hit(place: Place, accident: Accident) -> bool:
    """Whether the accident can come over this call, as far as its name tells."""
    call = Call(1, place.nth, place.service, place.action, mutating=True, body=b"")
    if not accident.hits(call):
        return False
    if accident is ACCIDENTS["not found a while"]:  # what was there for long is seen, or gone
        if place.resource == "ExistingNetwork":
            return False
        return place.moment == "create" or (place.moment != "delete" and mutating(place.action))
    return True


def tried(on: Stage, object_: ObjectOf, place: Place, name: str) -> Trial | None:
    """The trial; None where the call was not made, or not in a form that the accident can come over."""
    accident, trial = ACCIDENTS[name], Trial(place, name)
    object_.ready(place.moment)
    hits: list[Call] = []
    rule = accident.rule(place.action, place.nth)

    def meet(call: Call) -> Fate | None:
        if not accident.hits(call):
            return None
        fate = rule(call)
        if fate is not None:
            hits.append(call)
        return fate

    on.proxy.forget(meet)
    began = time.monotonic()
    try:
        object_.play(place.moment)
    except CallFailed as failed:
        trial.said = str(failed).strip()
    trial.seconds, trial.hit = time.monotonic() - began, len(hits)
    on.proxy.forget()
    if not hits:
        return None
    if trial.said:
        trial.unclear = faults_of(trial.said, name, object_, hits)
    if trial.seconds > BOUND:
        trial.unclear.append(f"took {trial.seconds:.0f} s")
    _again(object_, trial)
    return trial


def _again(object_: ObjectOf, trial: Trial) -> None:
    """The same run without the accident, and what is there then; at last all is taken away."""
    moment = trial.place.moment
    try:
        if trial.said:
            object_.play(moment)
        trial.wrong += object_.astray(moment)
        trial.converged = not trial.wrong
        if moment == "create":
            object_.gone()
            trial.wrong += object_.astray("delete")
    except CallFailed as failed:
        trial.wrong.append(f"the next run said: {str(failed)[:300]}")
        trial.converged = False


def faults_of(said: str, accident: str, object_: ObjectOf, hits: list[Call]) -> list[str]:
    """What is wrong with a line that an operator gets; nothing where it is as it has to be."""
    call = hits[-1]
    line = said.removeprefix("Exception calling application:").strip()
    found = []
    if "\n" in line or "Traceback" in line:
        found.append("more than one line")
    if not any(name in line for name in object_.names):
        found.append("names no object")
    if not ACTION.search(line):
        found.append("names no action")
    if accident not in SPEAKING and REQUEST not in line and "without a request id" not in line:
        found.append("tells no request id")
    advice = line.rpartition(": ")[2] if ": " in line else ""
    if not any(step in line[line.find("): ") :] or step in advice for step in NEXT_STEPS):
        found.append("has no next step")
    if "fault in this program" in line:
        found.append("calls itself a fault of the program")
    return [
        *found,
        *(f"does not say {part!r}" for part in ACCIDENTS[accident].says(call) if part not in line),
    ]
