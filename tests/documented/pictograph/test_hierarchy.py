# ruff: noqa: D400 - these docstrings quote the page, which ends its lines in its own way
from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

import pictograph
from failwell.sandbox import Answer, Drip, Silence
from pictograph import exceptions
from pictograph.exceptions import (
    ApiError,
    AuthError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NetworkError,
    NotFoundError,
    PaymentRequiredError,
    PictographError,
    PollTimeoutError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    ValidationError,
)
from tests.documented.units import TREE_LINE, units
from tests.spec import page, tree

from .sdk import A_DAY, BOX, MANY, TIME_TO_ARRIVE, Names, Sdk, fresh, list_datasets
from .snippets import snippet

NAMES = [leaf.name for leaf in tree("pictograph")]


@pytest.mark.documented("pictograph", line=14)
def test_tree() -> None:
    """
    PictographError

    It is the root: all other classes stand directly below it, in the order of the page, and there are no more.
    """
    below = [error for error in PictographError.__subclasses__() if error.__module__ == exceptions.__name__]

    assert NAMES == ["PictographError", *(error.__name__ for error in below)]
    assert set(NAMES) == {*exceptions.__all__} - {"CATALOGUE"}


@pytest.mark.documented("pictograph", line=14)
def test_tree_in_the_source() -> None:
    """
    PictographError

    The module opens with the tree of the page, names, order and comments to the letter.
    """
    drawn = [unit.text for unit in units(page("pictograph")) if unit.kind == TREE_LINE]

    assert 14 == len(drawn)
    assert "\n".join(drawn) in (exceptions.__doc__ or "")


@pytest.mark.documented("pictograph", line=15)
@pytest.mark.parametrize("api_key", [None, "", "pk live", "pk_live_x\n", "pk_live_ü"])
def test_configuration_error_without_a_key(sdk: Sdk, api_key: str | None) -> None:
    """
    ├── ConfigurationError    — missing API key, invalid base URL

    No request is sent.
    """
    with pytest.raises(ConfigurationError):
        sdk.call(list_datasets, api_key=api_key)

    assert () == sdk.requests


@pytest.mark.documented("pictograph", line=15)
@pytest.mark.parametrize(
    "base_url",
    ["api.pictograph.io", "ftp://pictograph.io", "http://", "https://:443", "http://[::1", "http://host:port", "a b"],
)
def test_configuration_error_for_a_base_url(sdk: Sdk, base_url: str) -> None:
    """
    ├── ConfigurationError    — missing API key, invalid base URL

    The message quotes what was given.
    """
    with pytest.raises(ConfigurationError) as caught:
        sdk.call(list_datasets, base_url=base_url)

    assert repr(base_url) in str(caught.value)


@pytest.mark.documented("pictograph", line=16)
@pytest.mark.parametrize("key", ["pk_live_x", "sk_live_" + "x" * 43, "pk_live_" + "x" * 43, "revoked"])
def test_auth_error(sdk: Sdk, key: str) -> None:
    """
    ├── AuthError             — 401 (bad / missing / revoked key)

    Bad and revoked ones; asked once.
    """
    with pytest.raises(AuthError) as caught:
        sdk.call(list_datasets, api_key=sdk.sandbox.keys.get(key, key))

    assert (401, ["passed 401"]) == (caught.value.status_code, sdk.outcomes)


@pytest.mark.documented("pictograph", line=16)
def test_auth_error_without_a_key(sdk: Sdk) -> None:
    """
    ├── AuthError             — 401 (bad / missing / revoked key)

    Missing: lost on the way, in a proxy for instance, because the SDK itself sends nothing without a key.
    """

    def lose_key(request: httpx2.Request) -> None:
        del request.headers["X-API-Key"]

    async def lose_key_awaiting(request: httpx2.Request) -> None:
        lose_key(request)

    own: httpx2.Client | httpx2.AsyncClient
    # The caller's own client is the caller's to close; this one keeps nothing open.
    limits = httpx2.Limits(max_keepalive_connections=0)
    if sdk.colour == "blocking":
        own = httpx2.Client(limits=limits, event_hooks={"request": [lose_key]})
    else:
        own = httpx2.AsyncClient(limits=limits, event_hooks={"request": [lose_key_awaiting]})
    with pytest.raises(AuthError) as caught:
        sdk.call(list_datasets, http_client=own)

    assert (401, ["passed 401"]) == (caught.value.status_code, sdk.outcomes)


WRITES: dict[str, Callable[[Any, str, Path], Any]] = {
    "datasets.create": lambda client, _image, _file: client.datasets.create(fresh("dataset")),
    "images.upload": lambda client, _image, file: client.images.upload("ds", file),
    "annotations.save": lambda client, image, _file: client.annotations.save(image, [BOX]),
    "exports.create": lambda client, _image, _file: client.exports.create("ds", fresh("export")),
    "training.create": lambda client, _image, _file: client.training.create("ds", "exp"),
}


@pytest.mark.documented("pictograph", line=17)
@pytest.mark.parametrize("operation", WRITES)
def test_forbidden_error(sdk: Sdk, image_id: str, picture: Path, operation: str) -> None:
    """
    ├── ForbiddenError        — 403 (role lacks permission)

    A viewer may read, and not write.
    """
    assert "ds" in [dataset.name for dataset in sdk.call(list_datasets, role="viewer")]
    with pytest.raises(ForbiddenError) as caught:
        sdk.call(lambda client: WRITES[operation](client, image_id, picture), role="viewer")

    assert (403, ["passed 403"]) == (caught.value.status_code, sdk.outcomes)


MISSING: dict[str, Callable[[Any], Any]] = {
    "datasets.get": lambda client: client.datasets.get("never-made"),
    "images.list": lambda client: client.images.list("never-made"),
    "images.get": lambda client: client.images.get("never-made"),
    "annotations.get": lambda client: client.annotations.get("never-made"),
    "annotations.save": lambda client: client.annotations.save("never-made", [BOX]),
    "exports.create": lambda client: client.exports.create("never-made", "exp"),
    "exports.get": lambda client: client.exports.get("never-made", dataset="ds"),
    "training.create": lambda client: client.training.create("ds", "never-made"),
    "training.get": lambda client: client.training.get("never-made"),
    "training.wait_for_completion": lambda client: client.training.wait_for_completion("never-made"),
    "models.get": lambda client: client.models.get("never-made"),
}


@pytest.mark.documented("pictograph", line=18)
@pytest.mark.parametrize("operation", MISSING)
def test_not_found_error(sdk: Sdk, operation: str) -> None:
    """
    ├── NotFoundError         — 404 (resource missing)

    The message names what is missing.
    """
    with pytest.raises(NotFoundError, match="never-made") as caught:
        sdk.call(MISSING[operation])

    assert (404, ["passed 404"]) == (caught.value.status_code, sdk.outcomes)


@pytest.mark.documented("pictograph", line=19)
@pytest.mark.parametrize(
    "create",
    [lambda client: client.datasets.create("ds"), lambda client: client.exports.create("ds", "exp")],
    ids=["dataset", "export"],
)
def test_conflict_error_for_a_duplicate_name(sdk: Sdk, create: Callable[[Any], Any]) -> None:
    """
    ├── ConflictError         — 409 (duplicate name, optimistic-lock fail)

    The name of a dataset, and that of an export of one dataset.
    """
    with pytest.raises(ConflictError) as caught:
        sdk.call(create)

    assert (409, "duplicate_name") == (caught.value.status_code, caught.value.error_code)
    assert ["passed 409"] == sdk.outcomes


@pytest.mark.documented("pictograph", line=19)
def test_conflict_error_for_a_stale_version(sdk: Sdk, image_id: str) -> None:
    """
    ├── ConflictError         — 409 (duplicate name, optimistic-lock fail)

    Of two who read the same version, the second to save is refused, and what the first saved stays.
    """
    seen = sdk.call(lambda client: client.annotations.get(image_id))
    first = sdk.call(lambda client: client.annotations.save(image_id, [BOX], version=seen.version))
    with pytest.raises(ConflictError) as caught:
        sdk.call(lambda client: client.annotations.save(image_id, [], version=seen.version))

    assert (409, "version_conflict") == (caught.value.status_code, caught.value.error_code)
    now = sdk.call(lambda client: client.annotations.get(image_id))
    assert (first.version, 1) == (now.version, len(now.annotations))


@pytest.mark.documented("pictograph", line=20)
@pytest.mark.parametrize(
    "wrong",
    [
        lambda client: client.training.create("ds", "exp", pipeline_type="never-made"),
        lambda client: client.training.create("ds", "exp", config={"epochs": "many"}),
        lambda client: client.datasets.create(" "),
        lambda client: client.datasets.list(limit=-1),
    ],
    ids=["unknown pipeline", "text for a number", "blank name", "negative limit"],
)
def test_validation_error(sdk: Sdk, wrong: Callable[[Any], Any]) -> None:
    """
    ├── ValidationError       — 422 (payload shape rejected)

    Asked once: the same payload would be rejected again.
    """
    with pytest.raises(ValidationError) as caught:
        sdk.call(wrong)

    assert (422, 1, ["passed 422"]) == (caught.value.status_code, len(caught.value.errors), sdk.outcomes)


@pytest.mark.documented("pictograph", line=21)
def test_payment_required_error(sdk: Sdk) -> None:
    """
    ├── PaymentRequiredError  — 402 (out of credits)

    Nothing is started, and nothing retried.
    """
    with pytest.raises(PaymentRequiredError) as caught:
        sdk.call(lambda client: client.training.create("ds", "exp"), role="broke")

    assert (402, ["passed 402"]) == (caught.value.status_code, sdk.outcomes)
    assert [] == sdk.call(lambda client: client.training.list(), role="broke")


@pytest.mark.documented("pictograph", line=22)
def test_rate_limit_error(both: tuple[Sdk, Sdk]) -> None:
    """
    ├── RateLimitError        — 429 (per-key rate cap hit)

    Another key is let in; the same key is, after `e.retry_after` seconds.
    """
    both[0].use_up()
    seconds = 0

    for sdk in both:
        with pytest.raises(RateLimitError) as caught:
            sdk.call(list_datasets, max_retries=0)
        assert (429, ["passed 429"]) == (caught.value.status_code, sdk.outcomes)
        seconds = caught.value.retry_after or 0
        sdk.call(list_datasets, role="viewer")
        assert ["passed 200"] == sdk.outcomes
    both[0].clock.advance(seconds)
    for sdk in both:
        sdk.call(list_datasets, max_retries=0)
        assert ["passed 200"] == sdk.outcomes


@pytest.mark.documented("pictograph", line=23)
@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 507, 520, 599])
def test_server_error(sdk: Sdk, status: int) -> None:
    """
    ├── ServerError           — 5xx (transient backend failure)

    Whichever 5xx it is, and whatever the body.
    """
    sdk.sandbox.arm(Answer(status, (("Content-Type", "text/html"),), b"<h1>Down</h1>"), times=4)

    with pytest.raises(ServerError) as caught:
        sdk.call(list_datasets)

    assert (status, [f"answered {status}"] * 4) == (caught.value.status_code, sdk.outcomes)


@pytest.mark.documented("pictograph", line=24)
def test_network_error_connection(sdk: Sdk) -> None:
    """
    ├── NetworkError          — connection / DNS / TLS failure

    A connection that is refused.
    """
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(NetworkError) as caught:
            sdk.call(list_datasets, base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", max_retries=0)

    assert (None, 1) == (caught.value.status_code, len(caught.value.attempts))


@pytest.mark.documented("pictograph", line=24)
def test_network_error_dns(sdk: Sdk, names: Names) -> None:
    """
    ├── NetworkError          — connection / DNS / TLS failure

    A name that nobody knows.
    """
    names.unknown(sdk.sandbox.url, times=1)
    with pytest.raises(NetworkError) as caught:
        sdk.call(list_datasets, base_url=names.url, max_retries=0)

    assert (None, 1, 1) == (caught.value.status_code, len(caught.value.attempts), names.asked)


@pytest.mark.documented("pictograph", line=24)
def test_network_error_tls(sdk: Sdk) -> None:
    """
    ├── NetworkError          — connection / DNS / TLS failure

    A certificate of an authority that this machine does not trust.
    """
    with pytest.raises(NetworkError) as caught:
        sdk.call(list_datasets, base_url=sdk.sandbox.url.replace("http:", "https:"), max_retries=0)

    assert (None, 1) == (caught.value.status_code, len(caught.value.attempts))
    # Whether its alert arrives or the end of the connection, the server hears of it once: not in the next test.
    assert ["good certificate"] == [outcome.partition(",")[0] for outcome in sdk.hung_up(1)]


@pytest.mark.documented("pictograph", line=25)
@pytest.mark.parametrize(
    "step",
    [
        Silence(),
        # A byte every 20 ms never keeps a single read waiting, and the whole would take 4 s.
        Drip(200, (("Content-Type", "application/json"),), b'{"data": []}' + b" " * 200, interval=0.02),
    ],
    ids=["silence", "drip"],
)
def test_request_timeout_error(sdk: Sdk, step: Silence | Drip) -> None:
    """
    ├── RequestTimeoutError   — request exceeded the SDK's timeout budget

    Whether the server says nothing at all or goes on and on.
    """
    sdk.sandbox.arm(step)

    with pytest.raises(RequestTimeoutError) as caught:
        sdk.call(list_datasets, timeout=TIME_TO_ARRIVE, max_retries=0)

    assert (TIME_TO_ARRIVE, None, 1) == (caught.value.timeout, caught.value.status_code, len(caught.value.attempts))
    assert ["client went away"] == sdk.hung_up(1)


@pytest.mark.documented("pictograph", line=26)
def test_poll_timeout_error(sdk: Sdk, standstill: Callable[[], None]) -> None:
    """
    ├── PollTimeoutError      — long-running job (training, batch SAM3) didn't finish

    Training.
    """
    run = sdk.call(lambda client: client.training.create("ds", "exp"))

    with pytest.raises(PollTimeoutError) as caught:
        sdk.call(lambda client: client.training.wait_for_completion(run.id, timeout=60.0))

    assert (run.id, 60.0) == (caught.value.run_id, caught.value.timeout)
    assert pytest.approx(60.0) == sum(sdk.waits)


@pytest.mark.documented("pictograph", line=26)
def test_poll_timeout_error_of_a_batch(sdk: Sdk, many: str) -> None:
    """
    ├── PollTimeoutError      — long-running job (training, batch SAM3) didn't finish

    Batch auto-annotation: it goes on on the backend, and can be waited for later.
    """
    source = [{"id": many, "name": many}]
    sdk.call(lambda client: client.connectors.import_("folder", source, wait=True, timeout=A_DAY))
    names = [f"{number}.png" for number in range(MANY)]
    red = [{"name": "firebrick"}]

    with pytest.raises(PollTimeoutError, match="was not cancelled") as caught:
        sdk.call(lambda client: client.auto_annotate.batch(many, names, red, wait=True, timeout=1e-3))

    job_id = caught.value.job_id
    assert (job_id, None, 1e-3) == (caught.value.resource_id, caught.value.run_id, caught.value.timeout)
    done = sdk.call(lambda client: client.auto_annotate.wait_for_batch(job_id, timeout=A_DAY))
    assert ("completed", MANY, MANY) == (done.status, done.processed_images, done.total_annotations_added)


@pytest.mark.documented("pictograph", line=27)
@pytest.mark.parametrize(
    "status", [300, 302, 307, 400, 405, 406, 408, 410, 413, 415, 418, 423, 425, 428, 431, 451, 499]
)
def test_api_error(sdk: Sdk, status: int) -> None:
    """
    └── ApiError              — catch-all for unmatched status codes

    Asked once; a redirection is not followed.
    """
    sdk.sandbox.arm(Answer(status, (("Location", "/elsewhere"),), b""))

    with pytest.raises(ApiError) as caught:
        sdk.call(list_datasets)

    assert (status, [f"answered {status}"]) == (caught.value.status_code, sdk.outcomes)


@pytest.mark.documented("pictograph", line=30)
@pytest.mark.parametrize("name", NAMES)
def test_top_level(name: str) -> None:
    """
    Import from the top-level package:

    Every class of the tree, which is the very one of `pictograph.exceptions`.
    """
    assert getattr(exceptions, name) is getattr(pictograph, name)
    assert name in pictograph.__all__


@pytest.mark.documented("pictograph", lines=(33, 38))
def test_import_snippet() -> None:
    """
    The import gives all classes of the tree but `ConfigurationError`, which it leaves out.
    """
    imports = snippet(33, 38)
    ran = imports.run()

    assert imports.lines == ran.lines
    imported = {name: value for name, value in ran.names.items() if name != "__builtins__"}
    assert {name: getattr(exceptions, name) for name in NAMES if name != "ConfigurationError"} == imported
