from __future__ import annotations

from vaultproof.crypto import Algorithm
from vaultproof.crypto.algorithms import SCHEMES, Kind


def test_every_algorithm_has_its_parts() -> None:
    assert set(SCHEMES) == set(Algorithm)


def test_names_say_what_the_parts_are() -> None:
    for algorithm, scheme in SCHEMES.items():
        if scheme.kind is Kind.ED25519:
            assert algorithm is Algorithm.ED25519
            continue
        curve = "-" + scheme.curve.value.replace("-", "").lower() if scheme.curve else ""
        assert algorithm.value == f"{scheme.kind.value}{curve}-sha{scheme.hash_bits}"


def test_a_curve_belongs_to_ecdsa_alone() -> None:
    assert {scheme.kind for scheme in SCHEMES.values() if scheme.curve is not None} == {Kind.ECDSA}
    assert all(scheme.curve is not None for scheme in SCHEMES.values() if scheme.kind is Kind.ECDSA)
