"""The state during a run: what it holds, and what is on disk when."""

import asyncio
import threading

import pytest

from sandbox.engine.decisions import ReportedError
from sandbox.engine.snapshot import Snapshot
from sandbox.engine.state import Resource


class Disk:
    """Takes deployments; holds writes back while `gate` is shut, and fails while `full`."""

    def __init__(self):
        self.written = []
        self.gate = threading.Event()
        self.gate.set()
        self.full = False

    def save(self, deployment):
        self.gate.wait(10)
        if self.full:
            raise OSError("disk full")
        self.written.append(deployment)


def opened(disk, deployment=None):
    return Snapshot(deployment, lambda text: {"ciphertext": text}, str, disk and disk.save, "v1:salt")


def entry(name, **more):
    return {"urn": name, "type": "t", "custom": True, "id": name, **more}


def urns(deployment):
    return [resource["urn"] for resource in deployment.get("resources", [])]


def pending(deployment):
    return [
        (operation["type"], operation["resource"]["urn"])
        for operation in deployment.get("pending_operations", [])
    ]


class TestTheMarkComesFirst:
    """An object made before its mark was on disk is lost when the engine is killed: nobody looks for it."""

    def test_a_call_may_begin_only_when_its_mark_is_on_disk(self):
        async def run():
            disk = Disk()
            snapshot = opened(disk)
            disk.gate.clear()
            begun = asyncio.create_task(snapshot.begun(Resource("a", "t"), "creating"))
            await asyncio.sleep(0.05)
            waited = not begun.done()
            disk.gate.set()
            await begun
            return waited, pending(disk.written[-1])

        assert asyncio.run(run()) == (True, [("creating", "a")])

    def test_what_changes_while_a_write_is_under_way_goes_into_one_next_write(self):
        async def run():
            disk = Disk()
            snapshot = opened(disk)
            disk.gate.clear()
            begun = [
                asyncio.create_task(snapshot.begun(Resource(str(i), "t"), "creating")) for i in range(50)
            ]
            await asyncio.sleep(0.05)
            disk.gate.set()
            await asyncio.gather(*begun)
            return len(disk.written), len(pending(disk.written[-1]))

        writes, marks = asyncio.run(run())
        assert writes <= 2
        assert marks == 50

    def test_a_mark_that_could_not_be_written_is_no_mark(self):
        async def run():
            disk = Disk()
            disk.full = True
            snapshot = opened(disk)
            with pytest.raises(ReportedError):
                await snapshot.begun(Resource("a", "t"), "creating")
            disk.full = False
            with pytest.raises(OSError, match="disk full"):
                await snapshot.finished()
            return disk.written[-1]

        assert pending(asyncio.run(run())) == []


class TestWhatIsKept:
    """What an interrupted or failed run leaves out of the state is out of reach for the next one."""

    def test_new_states_come_before_what_the_run_has_not_come_to(self):
        async def run():
            disk = Disk()
            snapshot = opened(disk, {"resources": [entry("a"), entry("b")]})
            snapshot.gone(snapshot.before[1], quietly=True)
            snapshot.made(Resource("b", "t", id="new"))
            await snapshot.finished()
            return disk.written[-1]

        assert urns(asyncio.run(run())) == ["b", "a"]

    def test_an_earlier_runs_create_stays_pending_and_other_marks_go(self):
        earlier = [{"type": kind, "resource": entry(kind)} for kind in ("creating", "updating", "deleting")]

        async def run():
            disk = Disk()
            snapshot = opened(disk, {"resources": [entry("a")], "pending_operations": earlier})
            await snapshot.finished()
            return disk.written[-1]

        assert pending(asyncio.run(run())) == [("creating", "creating")]

    def test_a_run_that_changes_nothing_writes_nothing(self):
        async def run():
            disk = Disk()
            snapshot = opened(disk, {"resources": [entry("a")]})
            snapshot.gone(snapshot.before[0], quietly=True)
            snapshot.made(snapshot.before[0], unchanged=True)
            await snapshot.finished()
            return disk.written

        assert asyncio.run(run()) == []

    def test_an_abandoned_run_leaves_its_marks_on_disk(self):
        async def run():
            disk = Disk()
            snapshot = opened(disk)
            resource = Resource("a", "t")
            await snapshot.begun(resource, "creating")
            snapshot.freeze()
            snapshot.ended(resource)
            await snapshot.finished()
            return disk.written[-1]

        assert pending(asyncio.run(run())) == [("creating", "a")]

    def test_those_who_name_a_renamed_resource_are_written_with_its_new_name(self):
        child = entry(
            "c", parent="old", dependencies=["old"], propertyDependencies={"x": ["old"]}, provider="old::1"
        )

        async def run():
            disk = Disk()
            snapshot = opened(disk, {"resources": [entry("old"), child]})
            snapshot.renamed("old", "new")
            snapshot.gone(snapshot.before[0], quietly=True)
            snapshot.made(Resource("new", "t"))
            await snapshot.finished()
            return disk.written[-1]["resources"][1]

        written = asyncio.run(run())
        assert (written["parent"], written["dependencies"], written["provider"]) == ("new", ["new"], "new::1")
        assert written["propertyDependencies"] == {"x": ["new"]}

    def test_what_this_engine_does_not_know_of_an_entry_is_kept_if_nothing_changes(self):
        async def run():
            disk = Disk()
            snapshot = opened(disk, {"resources": [entry("a", sourcePosition="x")]})
            snapshot.made(Resource("b", "t"))
            await snapshot.finished()
            return disk.written[-1]["resources"][1]

        assert asyncio.run(run())["sourcePosition"] == "x"
