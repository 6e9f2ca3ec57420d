from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from failwell.sandbox import Answer, Certificate, Close, Cut, Drip, FaultLayer, FaultStep, Raw, Reset, Rule, Sandbox
from failwell.sandbox.faults.steps import CertificateKind
from pictograph_server.vendor import VENDOR

from .sockets import PATIENCE, Seen, Wire, ask, layer_before

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


def trusting(layer: FaultLayer) -> ssl.SSLContext:
    """What a client knows that trusts the layer's authority and nobody else."""
    return ssl.create_default_context(cadata=layer.authority.decode())


def careless() -> ssl.SSLContext:
    """What a client knows that accepts any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ask_safely(
    layer: FaultLayer, context: ssl.SSLContext, path: str = "/", *, method: str = "GET", **content: Any
) -> Seen:
    """Ask over TLS, on a connection of its own."""
    connection = http.client.HTTPSConnection(layer.host, layer.port, timeout=PATIENCE, context=context)
    try:
        connection.request(method, path, **content)
        reply = connection.getresponse()
        return Seen(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
    finally:
        connection.close()


@contextmanager
def wire(layer: FaultLayer) -> Generator[Wire]:
    """A client that sees the bytes inside TLS."""
    with Wire(layer) as found:
        plain = found.sock
        found.sock = trusting(layer).wrap_socket(plain, server_hostname=layer.host, suppress_ragged_eofs=False)
        yield found


def outcomes(layer: FaultLayer, count: int = 1) -> list[tuple[str, str]]:
    """What was asked, and what became of it, once that is *count* entries."""
    return [(f"{entry.method} {entry.path}", entry.outcome) for entry in layer.log.wait_for(count)]


def arm(layer: FaultLayer, step: FaultStep, times: int = 1) -> None:
    """Let *step* happen to what comes next."""
    layer.script.arm(Rule((step,), times=times))


def test_trusted(layer: FaultLayer) -> None:
    """
    Who trusts the authority speaks TLS on the port that also speaks plain HTTP; the server behind is told so.
    """
    safe, plain = ask_safely(layer, trusting(layer), "/x?a=1"), ask(layer, "GET", "/x?a=1")

    forwarded = ["x-forwarded-proto", "https"]
    assert ("/x?a=1", True, False) == (
        safe.json["target"],
        forwarded in safe.json["headers"],
        forwarded in plain.json["headers"],
    )
    assert [("GET /x?a=1", "passed 200")] * 2 == outcomes(layer, 2)
    assert (f"https://127.0.0.1:{layer.port}", f"http://127.0.0.1:{layer.port}") == (layer.https_url, layer.url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_names(layer: FaultLayer, host: str) -> None:
    """
    The good certificate is for every name of this machine.
    """
    with socket.create_connection((layer.host, layer.port), timeout=PATIENCE) as sock:
        with trusting(layer).wrap_socket(sock, server_hostname=host) as safe:
            assert "TLSv1.3" == safe.version()


BAD: dict[CertificateKind, tuple[str, str]] = {
    "unknown-authority": ("unable to get local issuer certificate", "unknown ca"),
    "expired": ("certificate has expired", "certificate expired"),
    "wrong-host": (
        "IP address mismatch, certificate is not valid for '127.0.0.1'.",
        "bad certificate",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_certificates(layer: FaultLayer, kind: CertificateKind) -> None:
    """
    An armed certificate is refused for what it is, by clients that trust the authority; the log has their alert.
    """
    arm(layer, Certificate(kind), times=2)
    context = trusting(layer)
    reason, alert = BAD[kind]

    for _ in range(2):
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            ask_safely(layer, context)
        assert reason == caught.value.verify_message

    assert 200 == ask_safely(layer, context).status
    refused = ("TLS handshake", f"{kind} certificate, refused: {alert}")
    assert [refused, refused, ("GET /", "passed 200")] == outcomes(layer, 3)


def test_several_in_turn(layer: FaultLayer) -> None:
    """
    Several certificates are shown in the order in which they were armed, whatever is armed for requests.
    """
    arm(layer, Certificate("wrong-host"))
    arm(layer, Answer(503))
    arm(layer, Certificate())
    for _ in range(2):
        with pytest.raises(ssl.SSLCertVerificationError):
            ask_safely(layer, trusting(layer))

    assert 503 == ask_safely(layer, trusting(layer)).status
    assert [
        ("TLS handshake", "wrong-host certificate, refused: bad certificate"),
        ("TLS handshake", "unknown-authority certificate, refused: unknown ca"),
        ("GET /", "answered 503"),
    ] == outcomes(layer, 3)


def test_who_does_not_look(layer: FaultLayer) -> None:
    """
    A client that accepts a bad certificate is told on in the log.
    """
    arm(layer, Certificate("expired"))

    assert 200 == ask_safely(layer, careless()).status
    assert [("TLS handshake", "expired certificate, accepted"), ("GET /", "passed 200")] == outcomes(layer, 2)


def test_who_does_not_trust(layer: FaultLayer) -> None:
    """
    A client that does not trust the authority refuses even the good certificate.
    """
    with pytest.raises(ssl.SSLCertVerificationError):
        ask_safely(layer, ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=other_authority()))

    assert [("TLS handshake", "good certificate, refused: unknown ca")] == outcomes(layer)


def other_authority() -> str:
    """The certificate of the authority of another layer: each has its own."""
    return FaultLayer(("127.0.0.1", 9)).authority.decode()


def test_a_stalled_handshake(real_server: tuple[str, int]) -> None:
    """
    A client that stalls in the handshake keeps nobody else waiting, and is dropped after a bounded time.
    """
    with layer_before(real_server, longest_handshake=0.2) as layer, Wire(layer) as stalled:
        stalled.send(b"\x16\x03\x01")
        assert (200, 200) == (ask(layer, "GET", "/").status, ask_safely(layer, trusting(layer)).status)

        assert b"" == stalled.read_to_end()[0]
        assert ("TLS handshake", "good certificate, no handshake within 0.2 s") in outcomes(layer, 3)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (b"\x16nothing that TLS knows of" * 9, "good certificate, refused: wrong version number"),
        (b"\x16\x03\x01\x00\x05hello", "good certificate, refused: "),
        (b"\x16", "good certificate, client hung up in the handshake"),
    ],
)
def test_what_is_no_handshake(layer: FaultLayer, said: bytes, outcome: str) -> None:
    """
    Whoever begins like TLS and does not go on like it is dropped; the log says why, and the layer goes on.
    """
    with Wire(layer) as begun:
        begun.send(said)
        begun.sock.shutdown(socket.SHUT_WR)
        begun.read_to_end()

    (found,) = outcomes(layer)
    assert ("TLS handshake", outcome) == (found[0], found[1][: len(outcome)])
    assert 200 == ask(layer, "GET", "/").status


def test_broken_after_the_handshake(layer: FaultLayer) -> None:
    """
    A client that breaks TLS in the middle of a request is gone.
    """
    with wire(layer) as client:
        client.send(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc")
        with socket.socket(fileno=client.sock.detach()) as plain:
            plain.sendall(b"no TLS record at all")

            assert [("POST /", "client went away")] == outcomes(layer)


def test_large_bodies(layer: FaultLayer) -> None:
    """
    Bodies of a few MiB go through TLS whole, in both directions.
    """
    sent = ask_safely(layer, trusting(layer), method="POST", body=b"x" * 3_000_000)

    assert 3_000_000 == sent.json["length"]
    assert 2 * 1024 * 1024 == len(ask_safely(layer, trusting(layer), "/large/2048").body)


def test_several_requests_on_one_connection(layer: FaultLayer) -> None:
    """
    A TLS connection is kept between requests, served and scripted ones.
    """
    arm(layer, Answer(500, (), b"one"))
    with wire(layer) as client:
        client.send(GET * 2)

        assert client.read_until(b"\r\n\r\none").startswith(b"HTTP/1.1 500 ")
        assert client.read_until(b"}").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("step", "seen"),
    [
        (Close(), (b"", "FIN")),
        (Raw(b"abc"), (b"abc", "FIN")),
        (Cut(200, (), b"x" * 9, after=4), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxxxx", "FIN")),
    ],
)
def test_faults_inside_tls(layer: FaultLayer, step: FaultStep, seen: tuple[bytes, str]) -> None:
    """
    Every fault of plain HTTP can be had over TLS too; an orderly end says so by TLS's own goodbye.
    """
    arm(layer, step)
    with wire(layer) as client:
        client.send(GET)

        assert seen == client.read_to_end()


@pytest.mark.parametrize(
    ("step", "before"), [(Reset(), b""), (Cut(200, (), b"x" * 9, after=4, reset=True), b"\r\n\r\nxxxx")]
)
def test_resets_inside_tls(layer: FaultLayer, step: FaultStep, before: bytes) -> None:
    """
    A reset over TLS is the RST of the connection below it.
    """
    arm(layer, step)
    with wire(layer) as client:
        client.send(GET)
        if before:
            client.read_until(before)
        # Not asked of TLS, which tells a reset and an end apart on some systems only.
        client.sock = socket.socket(fileno=client.sock.detach())
        client.sock.settimeout(PATIENCE)

        assert "RST" == client.read_to_end()[1]


def test_a_drip_inside_tls(layer: FaultLayer) -> None:
    """
    A reply that drips over TLS arrives whole.
    """
    arm(layer, Drip(200, (), b"abcdef", interval=0.001, chunk=2, headers_too=True))

    assert b"abcdef" == ask_safely(layer, trusting(layer)).body


def test_twenty_at_once(layer: FaultLayer) -> None:
    """
    Twenty handshakes at once all end well.
    """
    context, seen = trusting(layer), list[int]()
    threads = [
        threading.Thread(target=lambda: seen.append(ask_safely(layer, context, "/large/64").status)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [200] * 20 == seen


def test_armed_in_json(layer: FaultLayer) -> None:
    """
    The control endpoint answers over TLS, arms certificates, and shows them among the rules.
    """
    token = {"X-Failwell-Token": "control-token"}
    rule = {"steps": [{"step": "certificate", "kind": "expired"}], "times": 3}

    armed = ask_safely(
        layer, trusting(layer), "/_failwell/rules", method="POST", body=json.dumps(rule).encode(), headers=token
    )
    rules = ask(layer, "GET", "/_failwell/rules", headers=token).json["rules"]

    assert (201, [(3, [{"step": "certificate", "kind": "expired"}])]) == (
        armed.status,
        [(found["left"], found["steps"]) for found in rules],
    )


def test_stop_in_a_handshake(real_server: tuple[str, int]) -> None:
    """
    Stopping ends a connection that is still in its handshake.
    """
    with layer_before(real_server) as layer:
        stalled = Wire(layer)
        stalled.send(b"\x16")
        ask(layer, "GET", "/")

    with stalled:
        assert b"" == stalled.read_to_end()[0]


def test_no_key_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Of what a sandbox makes, only the certificate of its authority stands in a file, and only while it runs.
    """
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sandbox(VENDOR) as sandbox:
        authority = sandbox.authority
        context = ssl.create_default_context(cafile=authority)
        port = int(sandbox.https_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
            context.wrap_socket(sock, server_hostname="localhost").close()
        files = [found for found in tmp_path.rglob("*") if found.is_file()]

        assert 1 == authority.read_text().count("BEGIN CERTIFICATE")
        assert [] == [found for found in files if b"PRIVATE KEY" in found.read_bytes()]
    assert not authority.exists()
    with pytest.raises(RuntimeError, match="not running"):
        sandbox.authority  # noqa: B018  asking is what fails
