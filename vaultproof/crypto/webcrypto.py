"""The crypto port in a browser, by way of WebCrypto (``crypto.subtle``) from Pyodide.

Source: W3C Web Cryptography API, 14.3 (verify, importKey), and Secure Curves in the Web Cryptography API (Ed25519).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from vaultproof.crypto import strictness
from vaultproof.crypto.algorithms import SCHEMES, Kind, Scheme
from vaultproof.crypto.ed25519_python import Ed25519PythonBackend
from vaultproof.crypto.keys import PublicKey, ed25519_spki, read_public_key
from vaultproof.crypto.port import Algorithm, SignatureCheck
from vaultproof.errors import Mismatch, Unavailable

REMEMBERED_KEYS = 64
"""Keys that a backend keeps imported."""

_PROBE_KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
_PROBE_MESSAGE = b"\x72"
_PROBE_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
"""RFC 8032, 7.1, test 2: what an engine must accept, and with another message refuse, before it gets Ed25519 work."""


class WebCryptoBackend:
    """Verifies with the browser's own engine; awaits promises, so it needs Pyodide's event loop.

    Where the engine has no Ed25519, or fails a known answer, plain Python verifies Ed25519 instead.
    """

    name = "webcrypto"

    def __init__(self) -> None:
        self._read_key: Callable[[bytes], PublicKey] = lru_cache(REMEMBERED_KEYS)(read_public_key)
        self._imported: dict[tuple[Algorithm, bytes], Any] = {}
        self._engine: _Engine | None = None
        self._native_ed25519: bool | None = None
        self._python = Ed25519PythonBackend()

    async def verify(self, check: SignatureCheck) -> None:
        """Return when the signature holds; raises as the port says."""
        prepared = strictness.check(check, read_key=self._read_key)
        if prepared.scheme.kind is Kind.ED25519 and not await self.has_ed25519():
            await self._python.verify(check)
        elif not await self._engine_verify(check.algorithm, check.public_key, check.message, prepared.raw):
            raise Mismatch("bad-signature", f"the {check.algorithm.value} signature does not hold")

    async def has_ed25519(self) -> bool:
        """Whether the engine verifies Ed25519: asked once, with a signature to accept and a message to refuse."""
        if self._native_ed25519 is None:
            self._native_ed25519 = await self._probe(_PROBE_MESSAGE) and not await self._probe(b"")
        return self._native_ed25519

    async def _probe(self, message: bytes) -> bool:
        """The engine's answer; False also when it cannot: then plain Python answers, so that nothing is lost."""
        try:
            return await self._engine_verify(Algorithm.ED25519, ed25519_spki(_PROBE_KEY), message, _PROBE_SIGNATURE)
        except Unavailable:
            return False

    async def _engine_verify(self, algorithm: Algorithm, spki: bytes, message: bytes, signature: bytes) -> bool:
        engine = self._engine = self._engine or _Engine()
        scheme = SCHEMES[algorithm]
        try:
            key = self._imported.get((algorithm, spki))
            if key is None:
                key = await engine.import_key(scheme, spki)
                self._remember(algorithm, spki, key)
            return await engine.verify(scheme, key, signature, message)
        except engine.js_error as error:
            raise _engine_cannot(algorithm.value, f"{error.name}: {error.message}") from error

    def _remember(self, algorithm: Algorithm, spki: bytes, key: Any) -> None:
        if len(self._imported) >= REMEMBERED_KEYS:
            del self._imported[next(iter(self._imported))]
        self._imported[algorithm, spki] = key


class _Engine:
    """``crypto.subtle`` and what it takes to talk to it; made on first use, because only Pyodide has these modules.

    Raises ``Unavailable("engine-cannot")`` outside Pyodide and on pages without a secure context.
    """

    def __init__(self) -> None:
        try:
            import js
            from pyodide.ffi import JsException, to_js
        except ImportError as error:
            raise _engine_cannot("anything", "this Python does not run in a browser") from error
        self.js_error: type[Any] = JsException
        self._to_js: Callable[..., Any] = to_js
        self._from_entries: Any = js.Object.fromEntries
        self._subtle: Any = getattr(getattr(js, "crypto", None), "subtle", None)
        if not self._subtle:
            raise _engine_cannot("anything", "no crypto.subtle: the page was not loaded by https or from localhost")

    async def import_key(self, scheme: Scheme, spki: bytes) -> Any:
        """A CryptoKey that can verify, not exportable."""
        return await self._subtle.importKey(
            "spki", self._to_js(spki), self._object(import_parameters(scheme)), False, self._to_js(["verify"])
        )

    async def verify(self, scheme: Scheme, key: Any, signature: bytes, message: bytes) -> bool:
        """The engine's answer; anything but true is no."""
        answer = await self._subtle.verify(
            self._object(verify_parameters(scheme)), key, self._to_js(signature), self._to_js(message)
        )
        return answer is True

    def _object(self, parameters: dict[str, Any]) -> Any:
        return self._to_js(parameters, dict_converter=self._from_entries)


_NAMES = {
    Kind.ED25519: "Ed25519",
    Kind.ECDSA: "ECDSA",
    Kind.RSA_PSS: "RSA-PSS",
    Kind.RSA_PKCS1: "RSASSA-PKCS1-v1_5",
}


def import_parameters(scheme: Scheme) -> dict[str, Any]:
    """The algorithm argument of importKey: an EC key is bound to its curve, an RSA key to its hash."""
    parameters: dict[str, Any] = {"name": _NAMES[scheme.kind]}
    if scheme.curve is not None:
        parameters["namedCurve"] = scheme.curve.value
    elif scheme.kind is not Kind.ED25519:
        parameters["hash"] = f"SHA-{scheme.hash_bits}"
    return parameters


def verify_parameters(scheme: Scheme) -> dict[str, Any]:
    """The algorithm argument of verify: ECDSA takes its hash here, PSS the length of its salt in bytes."""
    parameters: dict[str, Any] = {"name": _NAMES[scheme.kind]}
    if scheme.kind is Kind.ECDSA:
        parameters["hash"] = f"SHA-{scheme.hash_bits}"
    elif scheme.kind is Kind.RSA_PSS:
        parameters["saltLength"] = scheme.hash_bytes
    return parameters


def _engine_cannot(what: str, found: str) -> Unavailable:
    return Unavailable(
        "engine-cannot",
        f"the browser's engine cannot verify {what}",
        found=found,
        hint="this says nothing about the signature; check with another browser, or on the command line",
    )
