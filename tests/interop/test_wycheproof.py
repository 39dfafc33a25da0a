"""Foreign signature vectors (Wycheproof, ed25519-speccheck) against the engines of CPython.

The browser tests run the same files through the same runner.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.vectors_runner import STRICT_SPECCHECK, accepts, expected, read_vectors, run, run_all
from vaultproof.crypto import Algorithm, Backend, SignatureEncoding, run_to_completion
from vaultproof.crypto.ed25519_python import Ed25519PythonBackend
from vaultproof.crypto.openssl import OpenSslBackend

pytestmark = pytest.mark.interop

# Number of vectors, and how many of them must be accepted: a file that shrank would pass unseen without this.
FILES = {
    "ecdsa_secp256r1_sha256.json": (484, 174),
    "ecdsa_secp384r1_sha384.json": (504, 194),
    "ed25519.json": (151, 88),
    "ed25519_speccheck.json": (12, 1),
    "rsa_pss_2048_sha256_mgf1_32.json": (108, 63),
    "rsa_signature_2048_sha256.json": (259, 9),
    "rsa_signature_4096_sha256.json": (258, 7),
}
ED25519_FILES = ("ed25519.json", "ed25519_speccheck.json")


@pytest.fixture(scope="module")
def wycheproof(vectors: Path) -> Path:
    return vectors / "wycheproof"


def test_every_file_is_here_and_run(wycheproof: Path) -> None:
    assert {path.name for path in wycheproof.glob("*.json")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_its_vectors(wycheproof: Path, name: str) -> None:
    answers = expected((wycheproof / name).read_bytes())
    assert (len(answers), sum(accepted is True for _, accepted in answers)) == FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_openssl_agrees_with_every_vector(wycheproof: Path, name: str) -> None:
    data = (wycheproof / name).read_bytes()
    assert run_to_completion(run(data, OpenSslBackend())) == expected(data)


@pytest.mark.parametrize("name", ED25519_FILES)
def test_plain_python_agrees_with_every_vector(wycheproof: Path, name: str) -> None:
    data = (wycheproof / name).read_bytes()
    assert run_to_completion(run(data, Ed25519PythonBackend())) == expected(data)


def test_plain_python_says_that_it_cannot_do_the_rest(wycheproof: Path) -> None:
    data = (wycheproof / "rsa_pss_2048_sha256_mgf1_32.json").read_bytes()
    valid = [vector.check for vector in read_vectors(data) if vector.valid]
    assert {run_to_completion(accepts(Ed25519PythonBackend(), check)) for check in valid} == {None}


@pytest.mark.parametrize("backend", [OpenSslBackend(), Ed25519PythonBackend()], ids=lambda backend: backend.name)
def test_speccheck_is_strict(wycheproof: Path, backend: Backend) -> None:
    name = "ed25519_speccheck.json"
    answers = run_to_completion(run_all({name: (wycheproof / name).read_bytes()}, backend))[name]
    assert "".join(str(int(accepted is True)) for _, accepted in answers) == STRICT_SPECCHECK


@pytest.mark.parametrize("name", ["ecdsa_secp256r1_sha256.json", "ecdsa_secp384r1_sha384.json"])
def test_a_der_signature_is_no_raw_one(wycheproof: Path, name: str) -> None:
    backend = OpenSslBackend()
    for vector in read_vectors((wycheproof / name).read_bytes()):
        raw = replace(vector.check, encoding=SignatureEncoding.RAW)
        assert run_to_completion(accepts(backend, raw)) is False, vector.number


def test_no_valid_vector_holds_under_another_hash(wycheproof: Path) -> None:
    others = {
        "ecdsa_secp256r1_sha256.json": Algorithm.ECDSA_P256_SHA384,
        "ecdsa_secp384r1_sha384.json": Algorithm.ECDSA_P384_SHA256,
        "rsa_pss_2048_sha256_mgf1_32.json": Algorithm.RSA_PSS_SHA384,
        "rsa_signature_4096_sha256.json": Algorithm.RSA_PKCS1_SHA512,
    }
    backend = OpenSslBackend()
    for name, algorithm in others.items():
        for vector in read_vectors((wycheproof / name).read_bytes()):
            if not vector.valid:
                continue  # one of them is a right signature under SHA-512
            other = replace(vector.check, algorithm=algorithm)
            assert run_to_completion(accepts(backend, other)) is False, (name, vector.number)
