"""The browser backend against engines that are played here: what it asks, and what it makes of every answer.

Real engines run the vectors in the browser tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.unit.crypto.signing import Refusal, ed25519_key, refusal, signed, spki
from vaultproof.crypto import Algorithm, ed25519_spki, run_to_completion, strictness, webcrypto
from vaultproof.crypto.algorithms import SCHEMES
from vaultproof.crypto.webcrypto import WebCryptoBackend
from vaultproof.errors import Unavailable

BAD_SIGNATURE = Refusal(family="Mismatch", code="bad-signature")
CANNOT = Refusal(family="Unavailable", code="engine-cannot")
OTHERS = [algorithm for algorithm in Algorithm if algorithm is not Algorithm.ED25519]
SPOILT = replace(signed(Algorithm.ED25519), message=b"another")


class JsException(Exception):
    """Stands for ``pyodide.ffi.JsException``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.message = "said the engine"


class Subtle:
    """Plays ``crypto.subtle``: keeps what it was asked, and answers as it is told to."""

    def __init__(self, answer: Callable[[bytes, bytes, bytes], object], imports: Callable[[str], None]) -> None:
        self.answer = answer
        self.imports = imports
        self.imported: list[tuple[str, bytes, dict[str, Any], bool, list[str]]] = []
        self.verified: list[tuple[dict[str, Any], bytes, bytes, bytes]] = []

    async def importKey(  # noqa: N802 (the engine's name)
        self, form: str, data: bytes, parameters: dict[str, Any], extractable: bool, usages: list[str]
    ) -> bytes:
        self.imports(parameters["name"])
        self.imported.append((form, data, parameters, extractable, usages))
        return data

    async def verify(self, parameters: dict[str, Any], key: bytes, signature: bytes, message: bytes) -> object:
        self.verified.append((parameters, key, signature, message))
        return self.answer(key, signature, message)


Install = Callable[..., Subtle]


def _imports_all(_: str) -> None:
    """An engine that knows every algorithm."""


def _no_ed25519(name: str) -> None:
    if name == "Ed25519":
        raise JsException("NotSupportedError")


def _honest(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key[-32:]).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    def put(
        answer: Callable[[bytes, bytes, bytes], object] = lambda *_: True,
        imports: Callable[[str], None] = _imports_all,
        crypto: object = None,
    ) -> Subtle:
        subtle = Subtle(answer, imports)
        js, pyodide, ffi = (ModuleType(name) for name in ("js", "pyodide", "pyodide.ffi"))
        vars(js).update(
            crypto=SimpleNamespace(subtle=subtle) if crypto is None else crypto,
            Object=SimpleNamespace(fromEntries=dict),
        )
        vars(ffi).update(JsException=JsException, to_js=lambda value, **_: value)
        for module in (js, pyodide, ffi):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        return subtle

    return put


# --- what it asks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", OTHERS)
def test_what_the_engine_is_asked(install: Install, algorithm: Algorithm) -> None:
    subtle, check = install(), signed(algorithm)
    assert refusal(WebCryptoBackend(), check) is None
    scheme = SCHEMES[algorithm]
    names = {"ecdsa": "ECDSA", "rsa-pss": "RSA-PSS", "rsa-pkcs1": "RSASSA-PKCS1-v1_5"}
    digest = f"SHA-{algorithm.value[-3:]}"
    imports = (
        {"name": names[scheme.kind], "namedCurve": scheme.curve}
        if scheme.curve
        else {
            "name": names[scheme.kind],
            "hash": digest,
        }
    )
    verifies: dict[str, Any] = {"name": names[scheme.kind]}
    if scheme.kind == "ecdsa":
        verifies["hash"] = digest
    if scheme.kind == "rsa-pss":
        verifies["saltLength"] = int(algorithm.value[-3:]) // 8
    assert subtle.imported == [("spki", check.public_key, imports, False, ["verify"])]
    assert subtle.verified == [(verifies, check.public_key, strictness.check(check).raw, check.message)]


def test_ed25519_is_asked_of_an_engine_that_has_it(install: Install) -> None:
    subtle, check = install(_honest), signed(Algorithm.ED25519)
    backend = WebCryptoBackend()
    assert refusal(backend, check) is None
    assert refusal(backend, SPOILT) == BAD_SIGNATURE
    assert subtle.verified[-2:] == [
        ({"name": "Ed25519"}, check.public_key, check.signature, check.message),
        ({"name": "Ed25519"}, check.public_key, check.signature, b"another"),
    ]
    assert {parameters["name"] for _, _, parameters, _, _ in subtle.imported} == {"Ed25519"}


def test_the_probe_is_a_true_signature() -> None:
    key = Ed25519PublicKey.from_public_bytes(webcrypto._PROBE_KEY)
    key.verify(webcrypto._PROBE_SIGNATURE, webcrypto._PROBE_MESSAGE)
    with pytest.raises(InvalidSignature):
        key.verify(webcrypto._PROBE_SIGNATURE, b"")


def test_nothing_that_the_rules_refuse_reaches_the_engine(install: Install) -> None:
    subtle = install()
    backend = WebCryptoBackend()
    ed25519, p256 = signed(Algorithm.ED25519), signed(Algorithm.ECDSA_P256_SHA256)
    refused = [
        replace(ed25519, public_key=ed25519_spki(b"\x01" + bytes(31))),
        replace(ed25519, signature=b"\x01" + bytes(63)),
        replace(p256, signature=p256.signature + b"\x00"),
        replace(p256, public_key=ed25519.public_key),
        replace(signed(Algorithm.RSA_PSS_SHA256), minimum_rsa_bits=4096),
    ]
    assert None not in [refusal(backend, check) for check in refused]
    assert not subtle.imported
    assert not subtle.verified


# --- what it makes of answers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", OTHERS)
@pytest.mark.parametrize("answer", [False, None, 0, 1, "true"])
def test_anything_but_true_is_no(install: Install, algorithm: Algorithm, answer: object) -> None:
    install(lambda *_: answer)
    assert refusal(WebCryptoBackend(), signed(algorithm)) == BAD_SIGNATURE


@pytest.mark.parametrize("algorithm", OTHERS)
def test_an_engine_without_the_algorithm_says_nothing_about_the_signature(
    install: Install, algorithm: Algorithm
) -> None:
    def refuses(_: str) -> None:
        raise JsException("NotSupportedError")

    install(imports=refuses)
    with pytest.raises(Unavailable) as caught:
        run_to_completion(WebCryptoBackend().verify(signed(algorithm)))
    assert caught.value.code == "engine-cannot"
    assert caught.value.found == "NotSupportedError: said the engine"
    assert "says nothing about the signature" in str(caught.value.hint)


@pytest.mark.parametrize("algorithm", OTHERS)
def test_an_engine_that_fails_while_verifying_says_nothing_about_the_signature(
    install: Install, algorithm: Algorithm
) -> None:
    def fails(*_: bytes) -> bool:
        raise JsException("OperationError")

    install(fails)
    assert refusal(WebCryptoBackend(), signed(algorithm)) == CANNOT


def test_other_errors_are_not_swallowed(install: Install) -> None:
    def fails(*_: bytes) -> bool:
        raise TypeError("a fault of ours")

    install(fails)
    with pytest.raises(TypeError, match="a fault of ours"):
        refusal(WebCryptoBackend(), signed(Algorithm.ECDSA_P256_SHA256))


# --- where Ed25519 is missing ----------------------------------------------------------------------------------------


def _yes(*_: bytes) -> bool:
    return True


def _no(*_: bytes) -> bool:
    return False


def _breaks(*_: bytes) -> bool:
    raise JsException("OperationError")


@pytest.mark.parametrize(
    ("answer", "imports"),
    [(_honest, _no_ed25519), (_yes, _imports_all), (_no, _imports_all), (_breaks, _imports_all)],
    ids=["unknown", "always-yes", "always-no", "breaks"],
)
def test_plain_python_stands_in(install: Install, answer: Callable[..., bool], imports: Callable[[str], None]) -> None:
    subtle = install(answer, imports)
    backend = WebCryptoBackend()
    assert refusal(backend, signed(Algorithm.ED25519)) is None
    asked = len(subtle.verified)
    assert refusal(backend, SPOILT) == BAD_SIGNATURE
    assert refusal(backend, signed(Algorithm.ED25519)) is None
    assert len(subtle.verified) == asked <= 2  # the probe, once
    assert spki(ed25519_key()) not in [data for _, data, _, _, _ in subtle.imported]


@pytest.mark.parametrize("crypto", [SimpleNamespace(), SimpleNamespace(subtle=None)], ids=["absent", "undefined"])
def test_without_a_secure_context(install: Install, crypto: object) -> None:
    install(crypto=crypto)
    backend = WebCryptoBackend()
    assert refusal(backend, signed(Algorithm.ED25519)) is None
    assert refusal(backend, SPOILT) == BAD_SIGNATURE
    with pytest.raises(Unavailable) as caught:
        run_to_completion(backend.verify(signed(Algorithm.ECDSA_P384_SHA384)))
    assert "https" in str(caught.value.found)


def test_outside_a_browser() -> None:
    backend = WebCryptoBackend()
    assert refusal(backend, signed(Algorithm.ED25519)) is None
    assert refusal(backend, SPOILT) == BAD_SIGNATURE
    assert refusal(backend, signed(Algorithm.RSA_PKCS1_SHA256)) == CANNOT


# --- memory ----------------------------------------------------------------------------------------------------------


def test_a_key_is_imported_once_for_each_use(install: Install) -> None:
    subtle = install()
    backend = WebCryptoBackend()
    for algorithm in (Algorithm.RSA_PSS_SHA256, Algorithm.RSA_PSS_SHA256, Algorithm.RSA_PSS_SHA384):
        assert refusal(backend, signed(algorithm)) is None
    assert [parameters["hash"] for _, _, parameters, _, _ in subtle.imported] == ["SHA-256", "SHA-384"]
    assert len(subtle.verified) == 3


def test_memory_is_bounded(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcrypto, "REMEMBERED_KEYS", 2)
    subtle = install()
    backend = WebCryptoBackend()
    for algorithm in (*OTHERS[:3], OTHERS[2], OTHERS[1], OTHERS[0]):
        assert refusal(backend, signed(algorithm)) is None
    assert len(subtle.imported) == 4
    assert len(backend._imported) == 2
