"""Calls of published clients, each beside what its own HTTP library does bare: run in the peers' environment.

    python -m benchmarks.peers.calls PEER ADDRESS ROUNDS CALLS

prints the quartiles of each ratio as JSON. A peer is configured as its users do, without retries.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from benchmarks.loopback import REFUSALS
from benchmarks.measuring import Call, caught, compare


class Pair(NamedTuple):
    """A call of a peer, and the bare one."""

    what: str
    theirs: Call
    bare: Call


GET, FAILING, PARSE = "GET over loopback", "whole failing call", "response to error"


class BareError(Exception):
    """What a bare call raises for a refusal."""


def json_and_raise(status: int, body: bytes) -> Call:
    """The least that a refusal costs: `json.loads`, a class from a dict, `raise`."""
    by_status = {422: type("Refused", (BareError,), {}), 429: type("TooMany", (BareError,), {})}

    def fail() -> None:
        raise by_status[status](json.loads(body))

    return caught(fail, BareError)


def _httpx(library: Any, address: str, peer: str) -> tuple[Call, Call]:
    """A bare GET that succeeds and one that is refused, with httpx or httpx2."""
    client = library.Client()

    def good() -> object:
        return client.get(f"{address}/200/{peer}/models/m").json()

    def refused() -> object:
        raise BareError(client.get(f"{address}/422/{peer}/models/m").json())

    return good, caught(refused, BareError)


def _requests(address: str, peer: str) -> tuple[Call, Call]:
    """The same with requests."""
    import requests

    session = requests.Session()

    def good() -> object:
        return session.get(f"{address}/200/{peer}/models/m").json()

    def refused() -> object:
        raise BareError(session.get(f"{address}/422/{peer}/models/m").json())

    return good, caught(refused, BareError)


def _urllib3(address: str, peer: str) -> tuple[Call, Call]:
    """The same with urllib3."""
    import urllib3

    pool = urllib3.PoolManager()

    def good() -> object:
        return pool.request("GET", f"{address}/200/{peer}/models/m").json()

    def refused() -> object:
        raise BareError(pool.request("GET", f"{address}/422/{peer}/models/m").json())

    return good, caught(refused, BareError)


def pictograph(address: str) -> Iterator[Pair]:
    import httpx

    import pictograph as sdk
    from pictograph._http.transport import raise_for_error_response

    good, refused = _httpx(httpx, address, "pictograph")
    clients = {
        status: sdk.Client(api_key="pk_live_x", base_url=f"{address}/{status}/pictograph", max_retries=0)
        for status in (200, 422)
    }
    refusal = sdk.exceptions.ValidationError
    body = json.dumps(REFUSALS["pictograph"]).encode()
    response = httpx.Response(422, content=body, request=httpx.Request("GET", address))

    yield Pair(GET, lambda: clients[200].training.get(run_id="run_1"), good)
    yield Pair(FAILING, caught(lambda: clients[422].training.get(run_id="run_1"), refusal), refused)
    yield Pair(PARSE, caught(lambda: raise_for_error_response(response), refusal), json_and_raise(422, body))


def openai(address: str) -> Iterator[Pair]:
    import httpx2
    import openai as sdk

    yield from _stainless(sdk, sdk.OpenAI, httpx2, address, "openai")


def anthropic(address: str) -> Iterator[Pair]:
    import anthropic as sdk
    import httpx2

    yield from _stainless(sdk, sdk.Anthropic, httpx2, address, "anthropic")


def _stainless(sdk: Any, client: Any, library: Any, address: str, peer: str) -> Iterator[Pair]:
    good, refused = _httpx(library, address, peer)
    clients = {
        status: client(api_key="sk-x", base_url=f"{address}/{status}/{peer}", max_retries=0) for status in (200, 422)
    }
    body = json.dumps(REFUSALS[peer]).encode()
    request = library.Request("GET", address)

    def parsed() -> None:
        response = library.Response(422, content=body, request=request)
        raise clients[422]._make_status_error_from_response(response)  # noqa: SLF001 - no public way there

    yield Pair(GET, lambda: clients[200].models.retrieve("m"), good)
    yield Pair(FAILING, caught(lambda: clients[422].models.retrieve("m"), sdk.UnprocessableEntityError), refused)
    yield Pair(PARSE, caught(parsed, sdk.UnprocessableEntityError), json_and_raise(422, body))


def stripe(address: str) -> Iterator[Pair]:
    import stripe as sdk

    good, refused = _requests(address, "stripe")
    clients = {
        status: sdk.StripeClient(
            "sk_test_x", base_addresses={"api": f"{address}/{status}/stripe"}, max_network_retries=0
        )
        for status in (200, 422)
    }
    yield Pair(GET, lambda: clients[200].v1.customers.retrieve("cus_1"), good)
    yield Pair(FAILING, caught(lambda: clients[422].v1.customers.retrieve("cus_1"), sdk.StripeError), refused)
    body = json.dumps(REFUSALS["stripe"])
    interpret = clients[422]._requestor._interpret_response  # noqa: SLF001 - no public way there
    yield Pair(
        PARSE, caught(lambda: interpret(body, 422, {}, "V1"), sdk.StripeError), json_and_raise(422, body.encode())
    )


def azure_core(address: str) -> Iterator[Pair]:
    from azure.core import PipelineClient
    from azure.core.exceptions import HttpResponseError, map_error
    from azure.core.pipeline.policies import HeadersPolicy, RetryPolicy
    from azure.core.rest import HttpRequest

    good, refused = _requests(address, "azure")
    client: Any = PipelineClient(address, policies=[HeadersPolicy(), RetryPolicy(retry_total=0)])

    def call(status: int) -> object:
        # What the code that is generated for every Azure service does.
        response = client.send_request(HttpRequest("GET", f"{address}/{status}/azure/models/m"))
        if response.status_code != 200:
            map_error(status_code=response.status_code, response=response, error_map={})
            raise HttpResponseError(response=response)
        return response.json()

    yield Pair(GET, lambda: call(200), good)
    yield Pair(FAILING, caught(lambda: call(422), HttpResponseError), refused)


def botocore(address: str) -> Iterator[Pair]:
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from botocore.session import get_session

    good, refused = _urllib3(address, "botocore")
    clients: dict[int, Any] = {
        status: get_session().create_client(
            "lambda",
            region_name="us-east-1",
            endpoint_url=f"{address}/{status}/botocore",
            aws_access_key_id="x",
            aws_secret_access_key="x",  # noqa: S106 - nobody's
            config=Config(retries={"total_max_attempts": 1}),
        )
        for status in (200, 422)
    }
    yield Pair(GET, lambda: clients[200].get_function(FunctionName="f"), good)
    yield Pair(FAILING, caught(lambda: clients[422].get_function(FunctionName="f"), ClientError), refused)


def google_api_core(address: str) -> Iterator[Pair]:
    import requests
    from google.api_core.exceptions import GoogleAPICallError, from_http_response

    session = requests.Session()
    response = session.get(f"{address}/422/google/models/m")

    def parsed() -> None:
        raise from_http_response(response)

    def call() -> object:
        answer = session.get(f"{address}/422/google/models/m")
        if not answer.ok:
            raise from_http_response(answer)
        return answer.json()

    body = json.dumps(REFUSALS["google"]).encode()
    yield Pair(FAILING, caught(call, GoogleAPICallError), _requests(address, "google")[1])
    yield Pair(PARSE, caught(parsed, GoogleAPICallError), json_and_raise(422, body))


PEERS: dict[str, Callable[[str], Iterator[Pair]]] = {
    "pictograph": pictograph,
    "openai": openai,
    "anthropic": anthropic,
    "stripe": stripe,
    "azure-core": azure_core,
    "botocore": botocore,
    "google-api-core": google_api_core,
}


def main(peer: str, address: str, rounds: int, calls: int) -> None:
    measured = {pair.what: compare(pair.theirs, pair.bare, rounds=rounds, calls=calls) for pair in PEERS[peer](address)}
    print(json.dumps(measured))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
