"""How the answers of `pictograph` are shown: on a terminal, to another program, as JSON."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from failwell.cli import cell, document, printable, sentence
from tests.cli.command import PATIENCE, PICTOGRAPH, POOR_LOCALE, on_a_terminal, run

from .backend import CREATED
from .shell import Shell

HOSTILE = "a\x1b[31mb\x07\tc\nd\u202ee\x9bf"
SPELLED = r"a\x1b[31mb\x07\tc\nd\u202ee\x9bf"


def datasets(*names: str, **fields: Any) -> bytes:
    """A list with datasets of these names."""
    rows = [{"id": f"d_{number}", "name": name, **CREATED, **fields} for number, name in enumerate(names)]
    return json.dumps({"data": rows, "pagination": {"has_more": False}}).encode()


def terminal(shell: Shell, *arguments: str, columns: int = 80, **variables: str) -> tuple[int, str]:
    """The exit code of the command, and what a terminal of so many *columns* is sent."""
    return on_a_terminal(*arguments, program=PICTOGRAPH, env=shell.env(**variables), columns=columns)


def plain(written: str) -> list[str]:
    """The lines that a terminal shows, without bold letters."""
    return [line.rstrip() for line in written.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()]


def test_table(shell: Shell) -> None:
    """
    On a terminal a list is a table with titles.
    """
    shell.answer(datasets("short", "a much longer name", image_count=12))

    code, written = terminal(shell, "datasets", "list", TZ="UTC")

    assert (0, True) == (code, "\x1b[1mNAME" in written)
    assert [
        "NAME                IMAGES  COMPLETED  CLASSES  CREATED",
        "short               12      0                   2026-01-01 00:00",
        "a much longer name  12      0                   2026-01-01 00:00",
    ] == plain(written)


def test_moments_of_the_user(shell: Shell) -> None:
    """
    On a terminal moments are those of the user's time zone, for other programs they are UTC.
    """
    shell.answer(datasets("ds"), times=2)

    _, written = terminal(shell, "datasets", "list", TZ="Asia/Tokyo")
    ran = shell("datasets", "list", TZ="Asia/Tokyo")

    assert plain(written)[1].endswith(" 2026-01-01 09:00")
    assert ran.out.endswith("\t2026-01-01T00:00:00Z\n")


@pytest.mark.parametrize("columns", [10, 30, 50])
def test_narrow_terminal(shell: Shell, columns: int) -> None:
    """
    On a terminal too narrow for a table each entry is a block of lines; nothing is cut.
    """
    name = "a name of forty characters, counted once"
    shell.answer(datasets(name, "b", classes=[{"name": "circle"}, {"name": "square"}]))

    code, written = terminal(shell, "datasets", "list", columns=columns)

    first, empty, second = plain(written)[:5], plain(written)[5], plain(written)[6:]
    assert (0, "", 5) == (code, empty, len(second))
    assert [f"NAME       {name}", "IMAGES     0", "COMPLETED  0", "CLASSES    circle, square"] == first[:4]


def test_long_cells(shell: Shell) -> None:
    """
    A long cell goes on in the next line of its column; the name, which is copied, stays in one.
    """
    classes = [{"name": f"class{number}"} for number in range(10, 40)]
    shell.answer(datasets("a name of forty characters, counted once", classes=classes))

    _, written = terminal(shell, "datasets", "list", columns=100)

    lines = plain(written)
    assert "a name of forty characters, counted once" in lines[1]
    assert [f"class{number}" for number in range(10, 40)] == [
        word.strip(",") for line in lines for word in line.split() if word.startswith("class")
    ]
    assert 100 >= max(map(len, lines))


def test_one_thing_on_a_terminal(shell: Shell) -> None:
    """
    On a terminal the fields of one thing stand below each other, each value in one line, however long.
    """
    code, written = terminal(shell, "datasets", "get", "ds", columns=30)

    lines = plain(written)
    [classes] = [line.removeprefix("classes") for line in lines if line.startswith("classes")]
    assert (0, "name                   ds") == (code, lines[1])
    assert ["circle", "square"] == [each["name"] for each in json.loads(classes)]


@pytest.mark.parametrize("no_color", ["", "1"], ids=["any", "NO_COLOR"])
def test_no_colours(shell: Shell, no_color: str) -> None:
    """
    A table has bold titles and no colours, whether or not NO_COLOR asks for that.
    """
    _, written = terminal(shell, "datasets", "list", NO_COLOR=no_color)

    assert {"\x1b[1m", "\x1b[0m"} == {f"\x1b[{part.partition('m')[0]}m" for part in written.split("\x1b[")[1:]}


def test_lines_for_programs(shell: Shell) -> None:
    """
    For another program there are lines of cells with tabs between them: no titles, no colours, nothing cut.
    """
    name = "n" * 200
    shell.answer(datasets(name, "b"))

    ran = shell("datasets", "list", COLUMNS="20", FORCE_COLOR="1")

    assert [[name, "0", "0", "", "2026-01-01T00:00:00Z"], ["b", "0", "0", "", "2026-01-01T00:00:00Z"]] == [
        line.split("\t") for line in ran.out.splitlines()
    ]


def test_grep(shell: Shell) -> None:
    """
    `pictograph datasets list | cut -f1 | grep -x NAME` tells whether there is a dataset of that name, in that case.
    """
    command = '"$0" datasets list | cut -f1 | grep -x "$1"'
    found = [
        subprocess.run(
            ["sh", "-c", command, PICTOGRAPH, name],
            env=shell.env(),
            stdout=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        ).returncode
        for name in ("ds", "DS", "d")
    ]

    assert [0, 1, 1] == found


def test_head(shell: Shell) -> None:
    """
    Whoever reads one line, as `head -1` does, gets it; the command ends without a word and asks for no further page.
    """
    shell.answer(datasets(*(f"n{number}" for number in range(20_000))).replace(b"false", b"true"))

    done = subprocess.run(
        ["sh", "-c", '"$0" datasets list | head -1', PICTOGRAPH],
        env=shell.env(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
        text=True,
    )

    assert (0, "n0\t0", "") == (done.returncode, done.stdout[:4], done.stderr)
    assert ["GET /datasets/?limit=100&offset=0"] == shell.asked


def test_nobody_reads(shell: Shell) -> None:
    """
    An output that nobody reads is exit code 141, as after SIGPIPE, without a word.
    """
    reader, writer = os.pipe()
    os.close(reader)

    ran = shell("datasets", "list", stdout=writer)
    os.close(writer)

    assert (141, "") == (ran.code, ran.err)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")  # noqa: PTH110
def test_full_disk(shell: Shell) -> None:
    """
    A disk that is full is a sentence and exit code 2.
    """
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ran = shell("datasets", "list", stdout=full.fileno())

    assert (2, "pictograph: No space left on device. The output is not whole.\n") == (ran.code, ran.err)


@pytest.mark.parametrize("arguments", [("--json", "datasets", "list"), ("datasets", "list", "--json")])
def test_json_list(shell: Shell, arguments: tuple[str, ...]) -> None:
    """
    With `--json`, before the command or after it, a list is one array of what the SDK's models hold.
    """
    with shell.client() as client:
        expected = [dataset.model_dump(mode="json") for dataset in client.datasets.iter()]

    ran = shell(*arguments)

    assert (0, "", expected) == (ran.code, ran.err, json.loads(ran.out))


def test_json_on_a_terminal(shell: Shell) -> None:
    """
    With `--json` a terminal is shown JSON as well.
    """
    _, written = terminal(shell, "datasets", "get", "ds", "--json")

    assert "ds" == json.loads(written)["name"]


def test_json_is_whole_or_not_there(shell: Shell) -> None:
    """
    When a later page fails, there is no half of a JSON document.
    """
    shell.answer(datasets("first").replace(b"false", b"true"))
    shell.answer(b'{"detail": "Gone"}', status=404)

    ran = shell("datasets", "list", "--json")

    assert (1, "", "NotFoundError: Gone") == (ran.code, ran.out, ran.err.splitlines()[0])


def test_json_of_what_json_has_not(shell: Shell) -> None:
    """
    NaN in the metrics of a run, which JSON does not have, is null.
    """
    shell.answer(
        b'{"data": {"id": "r", "organization_id": "o", "name": "n", "pipeline_type": "yolox",'
        b' "status": "failed", "created_at": "2026-01-01T00:00:00Z", "metrics": {"loss": NaN, "map": [Infinity]}}}'
    )

    ran = shell("training", "get", "r", "--json")

    assert {"loss": None, "map": [None]} == json.loads(ran.out, parse_constant=pytest.fail)["metrics"]


@pytest.mark.parametrize("where", ["terminal", "narrow", "lines", "json"])
def test_hostile_names(shell: Shell, where: str) -> None:
    """
    Characters that a terminal would obey are spelled, wherever a name is shown; with `--json` it can be read back.
    """
    shell.answer(datasets(HOSTILE))
    option = ("--json",) if where == "json" else ()

    if where == "lines":
        written = shell("datasets", "list").out
    else:
        _, written = terminal(shell, "datasets", "list", *option, columns=20 if where == "narrow" else 120)

    if where == "json":
        assert HOSTILE == json.loads(written)[0]["name"]
    else:
        assert SPELLED in written
    assert set() == {c for c in written.replace("\x1b[1m", "").replace("\x1b[0m", "") if not c.isprintable()} - {
        *"\r\n\t"
    }


def test_markup_is_text(shell: Shell) -> None:
    """
    A name that looks like markup or an emoji's name is shown as it is.
    """
    shell.answer(datasets("[red]x[/red] :smile: [/]"))

    _, written = terminal(shell, "datasets", "list", columns=120)

    assert "[red]x[/red] :smile: [/]" in written


@pytest.mark.parametrize("option", [(), ("--json",)], ids=["lines", "json"])
def test_locale_without_umlauts(shell: Shell, option: tuple[str, ...]) -> None:
    r"""
    Where "ü" cannot be written, "\xfc" stands in its place; the JSON is the same everywhere.
    """
    shell.answer(datasets("für 猫"), times=2)

    rich = shell("datasets", "list", *option)
    ran = run(PICTOGRAPH, "datasets", "list", *option, env=shell.env(None, **POOR_LOCALE))

    assert (0, "") == (ran.code, ran.err)
    if option:
        assert (rich.out, "für 猫") == (ran.out, json.loads(ran.out)[0]["name"])
    else:
        assert ("für 猫", r"f\xfcr \u732b") == (rich.out.split("\t")[0], ran.out.split("\t")[0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        (0, "0"),
        (False, "False"),
        (["a", {"b": None}], '["a",{"b":null}]'),
        ({"loss": float("nan")}, '{"loss":null}'),
        ("für 猫", "für 猫"),
        ("\ud800", r"\ud800"),
        ("\x7f\u2028", r"\x7f\u2028"),
    ],
)
def test_cell(value: object, text: str) -> None:
    """
    A cell is one line of characters that a terminal prints.
    """
    assert text == cell(value)


def test_sentence() -> None:
    """
    A message from outside becomes one line, so that none of it can pass for a line of the command's own.
    """
    assert r"one two \x1b[2J" == sentence("one\n   two \x1b[2J\n")
    assert printable("a b") == "a b"


def test_document() -> None:
    """
    JSON is ASCII without any character that a terminal obeys, DEL included.
    """
    text = document({"k": "\x7f\x9b\x1bü"})

    assert (True, True) == (text.isascii(), text.isprintable())
    assert {"k": "\x7f\x9b\x1bü"} == json.loads(text)
