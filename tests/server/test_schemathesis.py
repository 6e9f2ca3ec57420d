"""Schemathesis against the reference servers: what their own OpenAPI documents say is what they answer."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from failwell.clock import VirtualClock
from failwell.sandbox.vendor import Vendor
from pictograph_server.vendor import VENDOR as PICTOGRAPH
from scopix_server.vendor import VENDOR as SCOPIX
from subconscious_server.vendor import VENDOR as SUBCONSCIOUS
from vectorshift_server.vendor import VENDOR as VECTORSHIFT


@pytest.mark.slow
@pytest.mark.parametrize("vendor", [PICTOGRAPH, SCOPIX, SUBCONSCIOUS, VECTORSHIFT], ids=lambda vendor: vendor.name)
def test_documented_statuses(vendor: Vendor, tmp_path: Path) -> None:
    """
    Schemathesis, bounded, finds no 500 and no status that the operation's document does not have.
    """
    served = vendor.serve(tmp_path, VirtualClock())
    fastapi: Any = served.app.app
    document = fastapi.openapi()
    header = served.credential_headers[0]
    key = served.keys["member"]
    wrong: list[str] = []
    asked = 0

    def ask(case: Any) -> int:
        nonlocal asked
        asked += 1
        return anyio.run(answer, served.app, case, header, key)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: list[Any] = [*schemathesis.openapi.from_dict(document).get_all_operations()]
            operations = [one.ok() for one in found]
        for operation in operations:
            wrong += undocumented(operation, ask)
    finally:
        served.close()

    assert ([], True) == (sorted({*wrong}), asked >= len(operations))


def undocumented(operation: Any, ask: Callable[[Any], int]) -> list[str]:
    """What *ask* answers to cases of *operation* that its document does not have."""
    documented, wrong = {*operation.definition.raw["responses"]}, list[str]()

    @settings(
        max_examples=4,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        status = ask(case)
        if status == 500 or not {str(status), f"{status // 100}XX"} & documented:
            wrong.append(f"{case.method} {case.path}: {status}")

    check()
    return wrong


async def answer(app: Any, case: Any, header: str, key: str) -> int:
    """The status that *app* answers *case* with."""
    given = case.as_transport_kwargs(base_url="http://server")
    value = f"Bearer {key}" if header.lower() == "authorization" else key
    headers = {**{str(name): str(text) for name, text in given.get("headers", {}).items()}, header: value}
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport) as client:
        asked = client.build_request(
            given["method"],
            given["url"],
            headers=headers,
            params=given.get("params"),
            json=given.get("json"),
            data=given.get("data") if isinstance(given.get("data"), dict) else None,
            content=given.get("data") if isinstance(given.get("data"), bytes | str) else None,
        )
        return (await client.send(asked)).status_code
