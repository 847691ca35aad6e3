"""Instances take time: pending, running; shutting-down, terminated; stopping, stopped. The dead stay dead.

moto's instances run and end at the next read, come back to life when started, and keep their interface for
ever. The machine behind an instance is made and unmade here.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance, InstanceState

from sandbox.aws.agent.machine import BOOT_SECONDS, Machine
from sandbox.aws.corrections.call import Ec2Call

STOP_SECONDS = 0.4
TERMINATE_SECONDS = 0.6
# AWS shows a terminated instance for about an hour.
VISIBLE_SECONDS = 3600.0

PENDING = ("pending", 0)
RUNNING = ("running", 16)
SHUTTING_DOWN = ("shutting-down", 32)
TERMINATED = ("terminated", 48)
STOPPING = ("stopping", 64)
STOPPED = ("stopped", 80)
GONE = ("shutting-down", "terminated")


class Departed(Instance):  # type: ignore[misc]
    """A terminated instance as AWS describes it: without interfaces and addresses."""

    network_interfaces: list[Any] = []  # noqa: RUF012  shadows moto's property
    private_ip = private_ip_address = public_ip = public_ip_address = None
    private_dns_name = public_dns_name = ""
    subnet_id = vpc_id = None


class InstanceLifecycle(Ec2Call):
    """Holds each state for its time and refuses what the state does not allow."""

    # moto shows every launch as pending, also one that is repeated and long running.
    RESPONSE_KEY_PATH_TO_TRANSFORMER = {  # noqa: RUF012  moto's own name
        path: shown
        for path, shown in Ec2Call.RESPONSE_KEY_PATH_TO_TRANSFORMER.items()
        if not path.startswith("RunInstances.")
    }

    def run_instances(self) -> Any:
        result = super().run_instances()
        for instance in result.result.instances:
            _enter(instance, PENDING)
            machine = self.cloud.machines[instance.id] = Machine(self.cloud, instance)
            self._start_up(instance, machine)
        return result

    def start_instances(self) -> Any:
        for instance in self._instances():
            if instance.state != "stopped":
                self._refuse_state(instance, "started")
        previous = [(instance, _copy(instance)) for instance in self._instances()]
        result = super().start_instances()
        for instance, state in previous:
            _enter(instance, PENDING)
            self._start_up(instance, self.cloud.machines[instance.id])
            _correct_previous(result, "StartingInstances", instance, state)
        return result

    def stop_instances(self) -> Any:
        for instance in self._instances():
            if instance.state not in ("running", "stopping", "stopped"):
                self._refuse_state(instance, "stopped")
        previous = [(instance, _copy(instance)) for instance in self._instances()]
        result = super().stop_instances()
        for instance, state in previous:
            _correct_previous(result, "StoppingInstances", instance, state)
            if state.name == "stopped":
                continue
            _enter(instance, STOPPING)
            self.cloud.machines[instance.id].power_off()
            self.cloud.agenda.after(STOP_SECONDS, _transition(instance, STOPPING, STOPPED))
        return result

    def reboot_instances(self) -> Any:
        for instance in self._instances():
            if instance.state != "running":
                self._refuse_state(instance, "rebooted")
            machine = self.cloud.machines[instance.id]
            machine.power_off()
            machine.power_on()
        return super().reboot_instances()

    def terminate_instances(self) -> ActionResult:
        # moto's own answer would load its load balancers and groups, which takes seconds.
        instances = self._instances()
        for instance in instances:
            if instance.disable_api_termination is True:
                self.refuse(
                    "OperationNotPermitted",
                    f"The instance '{instance.id}' may not be terminated. Modify its 'disableApiTermination' "
                    "instance attribute and try again.",
                )
        rows = []
        for instance in instances:
            state = _copy(instance)
            if state.name not in GONE:
                _enter(instance, SHUTTING_DOWN)
                self.cloud.machines[instance.id].power_off()
                self.cloud.agenda.after(TERMINATE_SECONDS, self._end(instance))
            rows.append({"InstanceId": instance.id, "CurrentState": _copy(instance), "PreviousState": state})
        return ActionResult({"TerminatingInstances": rows})

    def _instances(self) -> list[Any]:
        return list(self.ec2_backend.get_multi_instances_by_id(self._get_param("InstanceIds", [])))

    def _refuse_state(self, instance: Any, verb: str) -> None:
        self.refuse(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be {verb}: "
            f"it is {instance.state}.",
        )

    def _start_up(self, instance: Any, machine: Machine) -> None:
        def boot() -> None:
            if instance.state == "pending":
                _enter(instance, RUNNING)
                machine.power_on()

        self.cloud.agenda.after(BOOT_SECONDS, boot)

    def _end(self, instance: Any) -> Any:
        cloud = self.cloud

        def end() -> None:
            interfaces = list(instance.nics.values())
            instance.terminate()
            for interface in interfaces:
                instance.detach_eni(interface)
                if interface.delete_on_termination:
                    _drop(cloud.ec2, interface)
            instance.__class__ = Departed
            cloud.machines[instance.id].destroy()
            cloud.agenda.at(cloud.clock.now() + VISIBLE_SECONDS, forget)

        def forget() -> None:
            for reservation in list(cloud.ec2.reservations.values()):
                if instance in reservation.instances and all(
                    isinstance(other, Departed) for other in reservation.instances
                ):
                    cloud.ec2.reservations.pop(reservation.id)

        return end


def _drop(backend: Any, interface: Any) -> None:
    """An interface that goes with its instance; an address on it stays allocated."""
    for address in backend.addresses:
        if address.eni is interface:
            address.eni = address.instance = address.association_id = None
    backend.enis.pop(interface.id, None)


def _enter(instance: Any, state: tuple[str, int]) -> None:
    instance._state.name, instance._state.code = state  # noqa: SLF001  moto has no setter


def _transition(instance: Any, before: tuple[str, int], after: tuple[str, int]) -> Any:
    def change() -> None:
        if instance.state == before[0]:
            _enter(instance, after)

    return change


def _copy(instance: Any) -> InstanceState:
    return InstanceState(instance.state, instance.state_code)


def _correct_previous(result: ActionResult, key: str, instance: Any, state: InstanceState) -> None:
    for row in result.result[key]:
        if row["InstanceId"] == instance.id:
            row["PreviousState"] = state
