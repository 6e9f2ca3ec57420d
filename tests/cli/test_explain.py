from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .command import FAILWELL, PATIENCE, ROOT, Ran, environment, failwell, on_a_terminal, run

GOLDEN = """\
pictograph.exceptions.ConflictError: 409 Conflict, version_conflict
  Fires       Somebody saved since the version that this save started from.
  What to do  Fetch the current version, merge, and save again.
  Retried     No.
  Attributes  message: str (the message): The human sentence; also `str(e)`.
              error_code: str | None (the code): The backend's machine-readable code, e.g. "idempotency_conflict".
              status_code: int | None (the status): The HTTP status, or None for an error that no reply told of.
              retry_after: int | None (header `Retry-After`): Seconds until the first call with the same key is \
expected to be done.
"""

PASTED = """\
pictograph.exceptions.PaymentRequiredError: 402 Payment Required
  It says     Out of \\x1b[31mcredits
  Request     req-1
  Fires       Out of credits. Never retried.
  What to do  Show `e.upgrade_url` to the user.
"""


def explained(text: bytes, *arguments: str) -> Ran:
    """What `failwell explain - ARGUMENTS` makes of *text*."""
    done = subprocess.run(
        [FAILWELL, "explain", "-", *arguments],
        input=text,
        capture_output=True,
        timeout=PATIENCE,
        env=environment(),
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def with_catalogues(folder: Path, **catalogues: str) -> dict[str, str]:
    """An environment where a distribution with these catalogues is installed in *folder*."""
    about = folder / "failwell_more-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: failwell-more\nVersion: 1.0\n")
    points = [f"{name} = {where}" for name, where in catalogues.items()]
    (about / "entry_points.txt").write_text("\n".join(["[failwell.catalogues]", *points, ""]))
    return environment(PYTHONPATH=os.pathsep.join([str(folder), str(ROOT)]))


def test_code() -> None:
    """
    A code is its class, when it fires, what to do, whether it is retried, its attributes and its address.
    """
    ran = failwell("explain", "version_conflict")

    assert (0, "", GOLDEN) == (ran.code, ran.err, ran.out[: len(GOLDEN)])
    assert "\n  Raised by   annotations.save, " in ran.out
    assert ran.out.endswith("\n  Address     reference/pictograph/#version_conflict\n")


@pytest.mark.parametrize(
    ("thing", "title"),
    [
        ("409", "pictograph.exceptions.ConflictError: 409 Conflict"),
        ("5xx", "pictograph.exceptions.ServerError: 5xx"),
        ("conflicterror", "pictograph.exceptions.ConflictError: 409 Conflict"),
        ("network", "pictograph.exceptions.NetworkError: network"),
        ("PictographError", "pictograph.exceptions.PictographError"),
        ('{"detail": {"required": 5}}', "pictograph.exceptions.PaymentRequiredError: 402 Payment Required"),
    ],
)
def test_anything_else(thing: str, title: str) -> None:
    """
    A status, a range, a class in any letters, an occasion, the base class and a body are found as well.
    """
    ran = failwell("explain", thing, *(("--catalogue", "pictograph") if thing in ("5xx", "network") else ()))

    assert (0, "", title) == (ran.code, ran.err, ran.out.splitlines()[0])


def test_pasted_reply() -> None:
    """
    A reply is read from stdin with the values it holds; what would command a terminal is written out.
    """
    body = b'{"detail": {"message": "Out of \\u001b[31mcredits", "required": 5, "remaining": 1}}'
    ran = explained(b"HTTP/1.1 402 Payment Required\r\nX-Request-ID: req-1\r\n\r\n" + body)

    assert (0, "", PASTED) == (ran.code, ran.err, ran.out[: len(PASTED)])
    assert "\n              required = 5 (`detail.required` of the body): Credits the operation costs.\n" in ran.out
    assert "\x1b" not in ran.out


def test_status_of_a_body() -> None:
    """
    A body that does not say which error it is needs --status; without it the exit code is 2, and a sentence says so.
    """
    silent = explained(b'{"detail": "Dataset not found"}')
    told = explained(b'{"detail": "Dataset not found"}', "--status", "404")

    assert (2, "") == (silent.code, silent.out)
    assert silent.err.startswith("failwell: The body has no code, and no field that only one error has. Add the status")
    assert (0, "pictograph.exceptions.NotFoundError: 404 Not Found") == (told.code, told.out.splitlines()[0])


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a file that never ends")
def test_endless_input() -> None:
    """
    No more is read than is ever parsed: input that never ends is explained by its status.
    """
    with Path("/dev/zero").open("rb") as zero:
        done = subprocess.run(
            [FAILWELL, "explain", "-", "--status", "503", "--catalogue", "pictograph"],
            stdin=zero,
            capture_output=True,
            timeout=PATIENCE,
            env=environment(),
            check=False,
        )

    assert (0, b"") == (done.returncode, done.stderr)
    assert done.stdout.startswith(b"pictograph.exceptions.ServerError: 503 Service Unavailable\n")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["duplicate_nam"], "Nearest: duplicate_name, duplicate_filename."),
        (
            ["zzz"],
            "No code, status or class is called 'zzz' (pictograph, scopix, subconscious, vectorshift). Paste the ",
        ),
        (
            ["409", "--catalogue", "nope"],
            "No catalogue is called 'nope'. Installed: pictograph, scopix, subconscious, vectorshift.",
        ),
    ],
    ids=["nearly", "not at all", "catalogue"],
)
def test_unknown(arguments: list[str], problem: str) -> None:
    """
    What is not known is exit code 2 and one sentence with the nearest names, or with those that are installed.
    """
    ran = failwell("explain", *arguments)

    assert (2, "", 1) == (ran.code, ran.out, len(ran.err.splitlines()))
    assert problem in ran.err


def test_several_catalogues(tmp_path: Path) -> None:
    """
    What several vendors have is told of each, one after the other; --catalogue chooses, also by the place in a module.
    """
    env = with_catalogues(tmp_path, shop="tests.reference.shop:SHOP")

    both = failwell("explain", "409", env=env)
    one = failwell("explain", "409", "--catalogue", "shop", env=env)
    placed = failwell("explain", "409", "--catalogue", "tests.reference.shop:SHOP", env=env)

    titles = [
        "pictograph.exceptions.ConflictError: 409 Conflict",
        "scopix.exceptions.UploadError: 409 Conflict, CONFLICT",
        "scopix.exceptions.DocumentProcessingError: 409 Conflict, DOCUMENT_PROCESSING_ERROR",
        "scopix.exceptions.ChatError: 409 Conflict, SESSION_BUSY",
        "scopix.exceptions.ScopixError: 409 Conflict, CONFLICT",
        "tests.reference.shop.OutOfStockError: 409 Conflict, out_of_stock",
        "tests.reference.shop.OtherShopError: 409 Conflict",
    ]
    assert (0, "", titles) == (both.code, both.err, [line for line in both.out.splitlines() if line[:1].strip()])
    assert (one.code, one.out) == (placed.code, placed.out)
    assert (0, "tests.reference.shop.OutOfStockError: 409 Conflict, out_of_stock") == (
        one.code,
        one.out.splitlines()[0],
    )
    assert "\n  Address     https://shop.test/errors#out_of_stock\n" in one.out


def test_several_explanations(tmp_path: Path) -> None:
    """
    A code that two classes share is explained for both, one after the other.
    """
    env = with_catalogues(tmp_path, shop="tests.reference.shop:SHOP")

    ran = failwell("explain", "busy", env=env)

    titles = [line for line in ran.out.splitlines() if line and not line.startswith(" ")]
    assert (0, "") == (ran.code, ran.err)
    assert [
        "tests.reference.shop.TooManyError: 429 Too Many Requests, busy",
        "tests.reference.shop.OrderError: 503 Service Unavailable, busy",
    ] == titles


@pytest.mark.parametrize("missing", ["uvicorn", "fastapi", "limits"])
def test_without_a_server(tmp_path: Path, missing: str) -> None:
    """
    It runs where the packages of the server are not installed, and says the same.
    """
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{missing!r}] = None\n")
    env = environment(PYTHONPATH=str(tmp_path))

    ran = failwell("explain", "version_conflict", env=env)
    unknown = failwell("explain", "nope", env=env)

    assert (0, "", failwell("explain", "version_conflict").out) == (ran.code, ran.err, ran.out)
    assert (2, "", True) == (unknown.code, unknown.out, unknown.err.startswith("failwell: No code, status or class"))


def test_on_a_terminal() -> None:
    """
    On a terminal it is bold, coloured and wrapped; elsewhere it is plain and each fact is in one line.
    """
    code, out = on_a_terminal("explain", "version_conflict", env=environment(), columns=80)
    plain = failwell("explain", "version_conflict").out

    assert (0, True, True) == (code, "\x1b[1m" in out, "\x1b[36m" in out)
    assert "\x1b" not in plain
    assert max(map(len, out.splitlines())) < max(map(len, plain.splitlines()))


def test_bad_status() -> None:
    """
    A status that does not exist is exit code 2 and a sentence.
    """
    ran = failwell("explain", "409", "--status", "99")

    assert (2, "", True) == (ran.code, ran.out, "Invalid value for '--status'" in ran.err)


REPLY = b'HTTP/1.1 409 Conflict\r\nX-Request-ID: r1\r\n\r\n{"detail": "Taken", "error_code": "duplicate_name"}'
BODY = REPLY.partition(b"\r\n\r\n")[2]
WRITTEN = {
    "as it is": REPLY,
    "BOM": b"\xef\xbb\xbf" + REPLY,
    "blank line in front": b"\r\n\n  \n" + REPLY,
    "BOM and blank line": b"\xef\xbb\xbf\r\n" + REPLY,
    "UTF-16": REPLY.decode().encode("utf-16"),
    "UTF-16 little endian, no BOM": REPLY.decode().encode("utf-16-le"),
    "UTF-16 big endian, no BOM": ("\r\n" + REPLY.decode()).encode("utf-16-be"),
    "UTF-32": REPLY.decode().encode("utf-32"),
    "body in UTF-16": BODY.decode().encode("utf-16"),
    "body with a BOM": b"\xef\xbb\xbf" + BODY,
    "code": b"duplicate_name\n",
    "traceback": b"Traceback (most recent call last):\n  ...\npictograph.exceptions.ConflictError: Taken\n",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_whatever_is_piped(text: bytes) -> None:
    """
    What is piped is read in every encoding that a shell pipes, also below blank lines, and may be a name as well.
    """
    ran = explained(text, "--catalogue", "pictograph")

    assert (0, "", "pictograph.exceptions.ConflictError: 409 Conflict") == (ran.code, ran.err, ran.out[:49])


@pytest.mark.parametrize(
    ("arguments", "what"),
    [(["explain"], "reply"), (["init"], "document"), (["diff", "pictograph"], "snapshot")],
    ids=str,
)
def test_closed_input(arguments: list[str], what: str) -> None:
    """
    A closed standard input is exit code 2 and a sentence, for each command that reads one.
    """
    ran = run("sh", "-c", 'exec "$0" "$@" - <&-', FAILWELL, *arguments)

    message = (
        f"failwell: The standard input is closed, so there is no {what} in it. Pipe one into it, or name a file.\n"
    )
    assert (2, "", message) == (ran.code, ran.out, ran.err)
