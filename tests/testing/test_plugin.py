"""The fixtures that pytest finds wherever Failwell is installed, in a pytest of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

OTHERS = ("anyio", "cacheprovider", "faker", "hypothesispytest", "pyreqwest", "randomly", "schemathesis", "xdist")
ALONE = [word for plugin in OTHERS for word in ("-p", f"no:{plugin}")]
"""What leaves other plugins out of a run: to load them takes longer than all the rest of it."""

HEAVY = ["anyio", "asyncio", "fastapi", "httpx2", "pydantic", "ssl", "starlette", "uvicorn"]


def test_the_plugin_is_light() -> None:
    """
    A test run that uses none of the fixtures loads no HTTP library, no event loop and no server for them.
    """
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}; import pytest; before = set(sys.modules); "
        f"import failwell.testing.plugin; print(*sorted(set({HEAVY!r}) & (set(sys.modules) - before)))"
    )
    printed = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)

    assert "" == printed.stdout.strip()


@pytest.mark.parametrize(
    ("blocked", "missing"),
    [
        (["starlette", "uvicorn", "trustme"], "starlette, uvicorn and trustme, which are"),
        (["uvicorn"], "uvicorn, which is"),
        (["trustme", "httpx2", "anyio"], "trustme, which is"),
    ],
)
def test_without_its_extra(pytester: pytest.Pytester, blocked: list[str], missing: str) -> None:
    """
    Where an extra is missing, the fixture says in one sentence which to install; those that need none work.
    """
    fixtures = ("failwell_sandbox", "failwell_faults")
    pytester.makeconftest(f"import sys; sys.modules |= dict.fromkeys({blocked!r})")
    pytester.makepyfile(
        *(f"def test_needs_{fixture}({fixture}):\n    {fixture}('pictograph')" for fixture in fixtures),
        "def test_needs_none(failwell_clock):\n    assert [] == failwell_clock.waits()",
    )
    ran = pytester.runpytest_subprocess(*ALONE)

    ran.assert_outcomes(passed=1, errors=2)
    said = f'failwell.sandbox needs {missing} not installed. Install *"failwell[[]sandbox[]]"'
    for fixture in fixtures:
        ran.stdout.fnmatch_lines([f"*ERROR at setup of test_needs_{fixture} *", said])
    ran.stdout.no_fnmatch_line("*src/failwell*")


@pytest.mark.slow
def test_fixtures(pytester: pytest.Pytester) -> None:
    """
    `failwell_sandbox` and `failwell_faults` start servers with each failure on cue, on the clock of `failwell_clock`.
    """
    pytester.makepyfile("""
        from fastapi import FastAPI

        import pictograph
        import pytest
        from failwell.client import Blocking, Core, Resource, json_body, operation
        from failwell.sandbox import Reset
        from failwell.server import install
        from pictograph.exceptions import CATALOGUE


        class Hall(Resource[Blocking]):
            @operation
            def look(self):
                return (yield from self.core.call("datasets.get", "GET", "/hall", json_body))


        started = []


        def test_vendor(failwell_sandbox, failwell_clock):
            sandbox = failwell_sandbox("pictograph")
            started.append(sandbox)
            sandbox.next(pictograph.RateLimitError("Slow down", retry_after=60))
            with pictograph.Client(sandbox.keys["member"], base_url=sandbox.url, clock=failwell_clock) as client:
                assert client.datasets.list()
            assert failwell_clock.waits() == [60.0]
            assert sandbox.clock is failwell_clock


        def test_app(failwell_faults, failwell_clock):
            app = FastAPI()

            @app.get("/hall", operation_id="datasets.get")
            def hall():
                return {"open": True}

            sandbox = failwell_faults(install(app, CATALOGUE), CATALOGUE)
            started.append(sandbox)
            sandbox.arm(Reset())
            sandbox.next(pictograph.NotFoundError("Closed."))
            core = Core(CATALOGUE, base_url=sandbox.url, clock=failwell_clock)
            with pytest.raises(pictograph.NotFoundError):
                Hall(core).look()
            assert Hall(core).look() == {"open": True}
            assert [entry.outcome for entry in sandbox.log.entries()] == ["reset", "answered 404", "passed 200"]
            core.close()


        def test_over():
            for sandbox in started:
                with pytest.raises(RuntimeError, match="not running"):
                    sandbox.authority
    """)

    # In a process of its own: the cryptography behind TLS cannot be loaded twice into one.
    pytester.runpytest_subprocess("-q", *ALONE).assert_outcomes(passed=3)


def test_messages_reach_the_reader(pytester: pytest.Pytester) -> None:
    """
    A test that meets a request without a reply, or a reply without a request, fails with the sentence that says so.
    """
    pytester.makepyfile("""
        from failwell.testing import RepliesError, replies
        from pictograph import Client


        def test_too_few():
            with Client("k") as client, replies(client):
                client.datasets.list()


        def test_too_many():
            with Client("k") as client, replies(client, 503):
                pass
    """)
    run = pytester.runpytest_inprocess("-q")

    run.assert_outcomes(failed=2)
    run.stdout.fnmatch_lines(
        [
            "*UnansweredError: Request 1, GET /api/v1/developer/datasets/, has no reply: 0 replies were given*",
            "*UnusedRepliesError: 1 of 1 replies not used: 503. 0 sent, last nothing. Leave out*",
        ]
    )
