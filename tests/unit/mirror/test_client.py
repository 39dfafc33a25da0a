"""Asking the log: what each kind of trouble becomes, how often it asks, and what it never does."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from generator.rehearsal.log_server.faults import FaultKind, FaultPlan
from generator.rehearsal.signer import NAMESPACE
from tests.unit.mirror.served import HASTY, client_of, made_ledger, serving
from vaultproof.errors import Malformed
from vaultproof.mirror.addresses import check_address
from vaultproof.mirror.client import USER_AGENT, Absent, Answered, Client, Patience, Trouble, Unreachable
from vaultproof.signer_log.paths import epoch_path

PATH = epoch_path(NAMESPACE, 1)
SLOW = Patience(attempts=2, connect=1, read=0.2, total=0.3, pause=0.001)


@contextmanager
def saying(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives each connection the next of ``answers``; also what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join(timeout=10)


def _get(address: str, *, limit: int = 1000, patience: Patience = HASTY, path: str = "/info") -> object:
    client = Client(address, patience=patience, clock=lambda: 12.5)
    try:
        return client.get(path, limit=limit)
    finally:
        client.close()


def test_an_answer_comes_verbatim_with_its_time() -> None:
    ledger = made_ledger(1)
    with serving(ledger) as server, client_of(server) as client:
        answer = client.get(PATH, limit=10_000)
    assert isinstance(answer, Answered)
    assert answer.body == ledger.record(NAMESPACE, 1)
    assert answer.url == server.address + PATH
    assert answer.at > 1_700_000_000_000


def test_no_such_thing_is_the_logs_own_word() -> None:
    with serving(made_ledger(1)) as server, client_of(server) as client:
        answer = client.get(epoch_path(NAMESPACE, 2), limit=10_000)
    assert isinstance(answer, Absent)
    assert answer.body.startswith(b"REHEARSAL")
    assert server.requests == 1, "an absence is an answer: nothing to try again"


@pytest.mark.parametrize(
    ("kind", "trouble", "requests"),
    [
        (FaultKind.FORBIDDEN, Trouble.REFUSED, 1),
        (FaultKind.SERVER_ERROR, Trouble.SERVER_ERROR, 2),
        (FaultKind.WRONG_LENGTH, Trouble.CUT_SHORT, 2),
        (FaultKind.HUGE, Trouble.TOO_LARGE, 1),
        (FaultKind.REDIRECT, Trouble.REDIRECTED, 1),
        (FaultKind.RESET, Trouble.NO_CONNECTION, 2),
        (FaultKind.SLOW, Trouble.TIMED_OUT, 2),
    ],
)
def test_each_trouble_has_its_name_and_is_tried_again_where_that_may_help(
    kind: FaultKind, trouble: Trouble, requests: int
) -> None:
    plan = FaultPlan(kind=kind, delay=1.0)
    with serving(made_ledger(1), plan) as server, client_of(server, SLOW) as client:
        answer = client.get(PATH, limit=10_000)
    assert isinstance(answer, Unreachable)
    assert answer.trouble is trouble
    assert server.requests == requests


def test_a_body_that_drips_has_a_limit_in_all() -> None:
    plan = FaultPlan(kind=FaultKind.DRIP, delay=0.05)
    with serving(made_ledger(1), plan) as server, client_of(server, SLOW) as client:
        answer = client.get(PATH, limit=10_000)
    assert isinstance(answer, Unreachable)
    assert answer.trouble is Trouble.TIMED_OUT
    assert "not complete after 0.3 s" in answer.detail


def test_trouble_that_passes_is_no_trouble() -> None:
    plan = FaultPlan(kind=FaultKind.SERVER_ERROR, times=1)
    with serving(made_ledger(1), plan) as server, client_of(server) as client:
        assert isinstance(client.get(PATH, limit=10_000), Answered)
    assert server.requests == 2


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    answer = _get(address)
    assert isinstance(answer, Unreachable)
    assert answer.trouble is Trouble.NO_CONNECTION
    assert "refused" in answer.detail


def test_it_says_who_it_is_and_asks_for_plain_bytes() -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (address, asked):
        assert _get(address) == Answered(url=f"{address}/info", body=b"ok", at=12_500)
    assert f"User-Agent: {USER_AGENT}\r\n".encode() in asked[0]
    assert b"Accept-Encoding: identity\r\n" in asked[0]
    assert asked[0].lower().count(b"user-agent:") == 1


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_chunked_answer_is_read_to_its_end() -> None:
    with saying(CHUNKED + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n") as (address, _):
        assert _get(address) == Answered(url=f"{address}/info", body=b"abc", at=12_500)


def test_a_chunked_answer_that_ends_early_is_cut_short() -> None:
    once = Patience(attempts=1)
    with saying(CHUNKED + b"2\r\nab\r\n5\r\nc") as (address, _):
        answer = _get(address, patience=once)
    assert isinstance(answer, Unreachable)
    assert answer.trouble is Trouble.CUT_SHORT


def test_a_compressed_answer_that_nobody_asked_for_is_not_kept_as_if_it_were_plain() -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx") as (address, _):
        answer = _get(address)
    assert isinstance(answer, Unreachable)
    assert answer.trouble is Trouble.ENCODED


def test_what_is_no_http_is_trouble() -> None:
    with saying(b"\x00\x01\x02 hello\r\n\r\n", b"\x00\x01\x02 hello\r\n\r\n") as (address, _):
        answer = _get(address)
    assert isinstance(answer, Unreachable)


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(tmp_path: Path) -> None:
    _self_signed(tmp_path / "pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    greeted: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):  # the client ends it
                greeted.append(True)
                context.wrap_socket(connection, server_side=True)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        answer = _get(f"https://localhost:{listener.getsockname()[1]}")
        thread.join(timeout=10)
    assert isinstance(answer, Unreachable)
    assert answer.trouble is Trouble.TLS
    assert str(answer).startswith("its certificate does not hold")
    assert greeted == [True], "once: another try does not mend a certificate"


def _self_signed(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = datetime.now(UTC) - timedelta(hours=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=2))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))


@pytest.mark.parametrize("status", [204, 206, 418])
def test_a_status_that_the_api_does_not_have_is_trouble(status: int) -> None:
    with saying(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()) as (address, _):
        answer = _get(address)
    assert isinstance(answer, Unreachable)
    assert answer.trouble is Trouble.UNEXPECTED_STATUS


def test_a_redirect_on_the_same_host_is_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with saying(moved, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (address, asked):
        assert _get(address) == Answered(url=f"{address}/info", body=b"ok", at=12_500)
    assert asked[1].startswith(b"GET /there ")


def test_redirects_in_a_circle_end() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /info\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with saying(*[moved] * 4) as (address, _):
        answer = _get(address)
    assert isinstance(answer, Unreachable)
    assert answer.trouble is Trouble.REDIRECTED


def test_it_waits_as_long_as_it_is_asked_to_but_not_for_ever() -> None:
    busy = b"HTTP/1.1 429 X\r\nRetry-After: %d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    slept: list[float] = []
    with saying(busy % 7, busy % 99999, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (address, _):
        client = Client(address, patience=Patience(longest_pause=30), sleep=slept.append)
        assert isinstance(client.get("/info", limit=10), Answered)
        client.close()
    assert slept == [7, 30]


def test_pauses_double_and_are_shortened_by_chance() -> None:
    slept: list[float] = []
    failing = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with saying(*[failing] * 4) as (address, _):
        client = Client(address, patience=Patience(pause=1), sleep=slept.append, chance=lambda: 0.5)
        assert isinstance(client.get("/info", limit=10), Unreachable)
        client.close()
    assert slept == [0.75, 1.5, 3.0]


def test_a_client_that_is_closed_ends_its_pauses_and_asks_no_more() -> None:
    failing = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with saying(failing) as (address, asked):
        client = Client(address, patience=Patience(pause=600, longest_pause=600))
        found: list[object] = []
        thread = Thread(target=lambda: found.append(client.get("/info", limit=10)))
        thread.start()
        while not asked:
            thread.join(timeout=0.01)
        client.close()
        thread.join(timeout=30)
    assert isinstance(found[0], Unreachable)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "http://log.example",
        "ftp://log.example",
        "https://",
        "https://user:secret@log.example",
        "https://log.example/?x=1",
        "https://log.example/#x",
        "log.example",
        "https://log example",
        "https://log.example:port",
        "https://l\u00f6g.example",
    ],
)
def test_what_cannot_be_the_address_of_a_log_is_refused(address: str) -> None:
    with pytest.raises(Malformed) as caught:
        check_address(address)
    assert caught.value.code == "bad-address"


def test_addresses_that_can_be_a_logs() -> None:
    assert check_address("https://log.example/") == "https://log.example"
    assert check_address("https://log.example:8443/copy/") == "https://log.example:8443/copy"
    assert check_address("http://localhost:8001") == "http://localhost:8001"
