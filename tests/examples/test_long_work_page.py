from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failwell.clock import VirtualClock
from tests.client.upload_server import taking_uploads
from tests.servers.sockets import Peer, http, serving

PAGE = (Path(__file__).parents[2] / "docs" / "long-work.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
RUN = {
    "id": "run_1",
    "organization_id": "o",
    "name": "r1",
    "pipeline_type": "yolox",
    "created_at": "2026-01-01T00:00:00Z",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key, an empty folder, and a clock whose waits are no waits."""
    clock = VirtualClock()
    monkeypatch.setattr("failwell.client.core.SystemClock", lambda: clock)
    monkeypatch.setenv("PICTOGRAPH_API_KEY", "pk_live_x")
    monkeypatch.setenv("DEPOT_API_KEY", "dk_live_x")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(tmp_path)
    page = types.ModuleType("long_work_page")
    monkeypatch.setitem(sys.modules, page.__name__, page)


def run(number: int, capsys: pytest.CaptureFixture[str], names: dict[str, Any] | None = None) -> list[str]:
    """What a code block of the page prints; *names* are those of the blocks before it."""
    held = {"__name__": "long_work_page"} if names is None else names
    exec(compile(BLOCKS[number], "long-work.md", "exec"), held)  # noqa: S102 - our own page
    return capsys.readouterr().out.splitlines()


def answering(answer: Callable[[str, str], tuple[int, Any]]) -> Any:
    """A server that answers by method and path."""

    def step(peer: Peer) -> None:
        assert peer.seen is not None
        status, body = answer(peer.seen.method, peer.seen.target)
        peer.say(http(status, json.dumps(body).encode()))

    return serving(step)


def test_waits(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The wait times out and leaves its token; the second program goes on with that.
    """
    status = ["running"]
    with answering(lambda _method, _path: (200, {"data": {**RUN, "status": status[0]}})) as server:
        monkeypatch.setenv("PICTOGRAPH_BASE_URL", server.url)
        first = run(0, capsys)
        status[0] = "completed"
        second = run(1, capsys)

    assert (["run_1 running"], ["run_1 completed"]) == (first, second)


def test_batches(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Two of the hundred fail; the second try gets them, and nothing else.
    """
    bad = {"img_3", "img_50"}
    asked: list[str] = []

    def answer(_method: str, path: str) -> tuple[int, Any]:
        name = path.rpartition("/")[2]
        asked.append(name)
        if name in bad:
            bad.discard(name)
            return 404, {"detail": f"There is no {name}."}
        return 200, {"data": {"id": name, "filename": "x.png", "created_at": "2026-01-01T00:00:00Z"}}

    with answering(answer) as server:
        monkeypatch.setenv("PICTOGRAPH_BASE_URL", server.url)
        said = run(2, capsys)

    assert [
        "<Batch of 100: 98 done, 2 failed, 0 not tried>",
        "3 NotFoundError There is no img_3.",
        "50 NotFoundError There is no img_50.",
        "100 img_7",
    ] == said
    assert 102 == len(asked)


def test_for_sdk_authors(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The resource of the page waits for one run, and for several.
    """
    from pictograph import Client

    names: dict[str, Any] = {"__name__": "long_work_page"}
    with answering(lambda _method, _path: (200, {"data": {**RUN, "status": "completed"}})) as server:
        run(3, capsys, names)
        with Client(base_url=server.url) as client:
            runs = names["Runs"](client.core)
            waited, several = runs.wait("run_1"), runs.wait_for_all(["run_1", "run_2"])

    assert ("run_1", 2) == (waited.id, len(several.results))


def test_a_batch_within_an_operation(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """
    The operation of the page makes an album, and uploads the images of a folder into it.
    """
    from failwell.testing import Asked, replies
    from pictograph import Client

    names: dict[str, Any] = {"__name__": "long_work_page"}
    run(4, capsys, names)
    for name in ("a.png", "b.png", "notes.txt"):
        (tmp_path / name).write_bytes(name.encode())

    def answer(asked: Asked) -> Any:
        return {"id": "al_1"} if asked.method == "POST" else {"got": asked.content.decode()}

    with Client() as client, replies(client, then=answer) as sent:
        images = names["Albums"](client.core).upload(tmp_path)

    assert {"a.png": {"got": "a.png"}, "b.png": {"got": "b.png"}} == {path.name: got for path, got in images.items()}
    assert ["/albums", "/albums/al_1/images"] == sorted({each.path for each in sent.requests})


@pytest.mark.parametrize("cut", [None, 21])
def test_uploads(cut: int | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The client of the page uploads a file; where the process ended in the middle, the second run goes on.
    """
    source = bytes(range(60, 100))
    Path("video.mp4").write_bytes(source)
    names: dict[str, Any] = {"__name__": "long_work_page"}
    with taking_uploads() as server:
        monkeypatch.setenv("DEPOT_BASE_URL", server.url)
        run(5, capsys, names)
        if cut is not None:
            server.cut = cut
            with pytest.raises(KeyboardInterrupt):
                interrupted(names["Depot"])
        said = run(6, capsys, names)

        assert ["{'number': 0, 'size': 40}"] == said
        assert (source, 40, False) == (bytes(server.files[0]), server.received, Path("upload.token").exists())


def interrupted(depot: Any) -> None:
    """An upload that Ctrl-C ends while it waits to ask for its offset."""

    class Pressed(VirtualClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    with depot(clock=Pressed()) as client:
        client.files.upload("video.mp4", on_token=Path("upload.token").write_text)
