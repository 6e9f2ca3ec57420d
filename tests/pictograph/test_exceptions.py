from __future__ import annotations

import importlib
import re

import pytest

from failwell.wire import Reply, parse_reply
from pictograph import exceptions
from pictograph.exceptions import CATALOGUE, PictographError
from tests.spec import Leaf, page, tree

TREE = tree("pictograph")
CLASSES = TREE[1:]


def class_of(leaf: Leaf) -> type[PictographError]:
    """The class that the page names."""
    found: type[PictographError] = getattr(exceptions, leaf.name)
    assert issubclass(found, PictographError)
    return found


def test_the_tree() -> None:
    """
    The page's tree: `PictographError`, and 13 classes directly below it.
    """
    assert ("PictographError", 13) == (TREE[0].name, len(CLASSES))
    assert {"PictographError"} == {leaf.parent for leaf in CLASSES}
    assert [PictographError] * 13 == [class_of(leaf).__base__ for leaf in CLASSES]


def test_there_are_no_others() -> None:
    """
    The module has the classes of the tree, no more and in the same order, and its docstring shows them.
    """
    names = [leaf.name for leaf in TREE]
    drawn = page("pictograph").partition("```\n")[2].partition("```")[0]

    assert names == [error.__name__ for error in CATALOGUE.errors]
    assert sorted([*names, "CATALOGUE"]) == sorted(exceptions.__all__)
    assert drawn.strip() in (exceptions.__doc__ or "")


@pytest.mark.parametrize("leaf", TREE, ids=lambda leaf: leaf.name)
def test_the_line_on_the_page(leaf: Leaf) -> None:
    """
    A class says with its case what its line of the tree says: the status, or that no reply told of it.
    """
    cls = class_of(leaf)
    status = re.match(r"(\d{3}|5xx)\b", leaf.comment)
    expected = status[1].upper() if status else "None"

    assert expected == (str(cls.claims[0].status) if cls.claims else "None")
    assert not expected.isdigit() or cls is type(parse_reply(Reply(int(expected)), CATALOGUE))


def test_every_import_of_the_page() -> None:
    """
    Every name that a snippet of the page imports from `pictograph.exceptions` is there.
    """
    imports = re.findall(r"from pictograph\.exceptions import (?:\(([^)]*)\)|(.*))", page("pictograph"))
    names = {name.strip() for row in imports for name in "".join(row).split(",") if name.strip()}

    assert 13 == len(names)
    assert names <= set(vars(importlib.import_module("pictograph.exceptions")))


@pytest.mark.parametrize(
    "row", re.findall(r"^\| `(\w+Error)`(?: \((\w+)\))? \|", page("pictograph"), re.MULTILINE), ids="-".join
)
def test_every_row_of_when_each_fires(row: tuple[str, str]) -> None:
    """
    Each row of the table "When each fires" names a class, and the status it has.
    """
    name, status = row
    cls = getattr(exceptions, name)

    assert (status.upper() or "None") == str(cls.claims[0].status)
    assert cls.claims[0].fix


def test_source_of_each() -> None:
    """
    Configuration and polling fail in the SDK, network and time-out on the way, the rest is answered.
    """
    other = {error.__name__: error.source for error in CATALOGUE.errors if error.source != "http"}

    assert {
        "ConfigurationError": "client",
        "NetworkError": "transport",
        "RequestTimeoutError": "transport",
        "PollTimeoutError": "client",
    } == other


@pytest.mark.parametrize("status", [400, 402, 408, 418, 499, 500, 503, 599])
def test_the_status_is_readable(status: int) -> None:
    """
    `e.status_code` is the status that was received.
    """
    error = parse_reply(Reply(status), CATALOGUE)

    assert isinstance(error, PictographError)
    assert status == error.status_code


@pytest.mark.parametrize("name", ["ConfigurationError", "NetworkError", "RequestTimeoutError", "PollTimeoutError"])
def test_no_status_where_there_was_no_reply(name: str) -> None:
    """
    An error that no reply told of has no status.
    """
    assert None is getattr(exceptions, name)("m").status_code


def test_every_documented_attribute() -> None:
    """
    `required`, `remaining`, `upgrade_url`, `errors`, `run_id`, `error_code` are attributes where the page reads them.
    """
    attributes = set(re.findall(r"\be\.(\w+)", page("pictograph")))
    payment = exceptions.PaymentRequiredError("m", required=5, remaining=2, upgrade_url="u")
    validation = exceptions.ValidationError("m", errors=[{"loc": ["a"], "msg": "b", "type": "c"}])
    poll = exceptions.PollTimeoutError("m", run_id="run_1")
    conflict = exceptions.ConflictError("m", error_code="idempotency_conflict")

    assert {"required", "remaining", "upgrade_url", "errors", "run_id"} == attributes
    assert (5, 2, "u") == (payment.required, payment.remaining, payment.upgrade_url)
    assert ("b", "run_1", "idempotency_conflict") == (validation.errors[0]["msg"], poll.run_id, conflict.error_code)


def test_a_silent_reply_has_every_attribute() -> None:
    """
    A proxy's bare page still gives every documented attribute, with nothing in it.
    """
    payment, validation = parse_reply(Reply(402), CATALOGUE), parse_reply(Reply(422), CATALOGUE)

    assert isinstance(payment, exceptions.PaymentRequiredError)
    assert isinstance(validation, exceptions.ValidationError)
    assert (None, None, None, []) == (payment.required, payment.remaining, payment.upgrade_url, validation.errors)
