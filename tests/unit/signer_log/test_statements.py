"""What the log says of itself against what is pinned: told, and never an accusation."""

from __future__ import annotations

import json

import pytest

from tests.unit.signer_log.log_maker import NAMESPACE, digest, expected, public
from vaultproof.signer_log.findings import LogFinding, Standing
from vaultproof.signer_log.statements import advertised_keys, compare_info, compare_namespace


def info(*keys: int, not_before: int = 0) -> bytes:
    listed = [{"public_key": public(key).hex(), "not_before": not_before} for key in keys]
    return json.dumps({"keys": listed, "logs": []}).encode()


def entry(**changes: object) -> bytes:
    value = {"name": NAMESPACE, "status": "Online", "root": f"1/{digest(1).hex()}", "ciphersuite": 1}
    return json.dumps(value | changes).encode()


def told(findings: list[LogFinding]) -> list[tuple[str, str | None]]:
    assert {finding.standing for finding in findings} <= {Standing.NOTE, Standing.COULD_NOT_CHECK}
    return [(finding.code, finding.subject) for finding in findings]


def test_what_agrees_with_the_pins_is_not_told() -> None:
    assert told(list(compare_info(info(1, 2), expected(1, 2)))) == []
    assert told(list(compare_namespace(entry(), expected(), last=5))) == []
    assert told(list(compare_namespace(entry(root=None), expected(), last=5))) == []
    assert advertised_keys(info(1, 2)) == (public(1), public(2))


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (None, [("info-not-fetched", None)]),
        (b"{", [("info-unreadable", None)]),
        (info(1, 2, 3), [("key-advertised-not-pinned", public(3).hex())]),
        (info(1), [("key-pinned-not-advertised", public(2).hex())]),
        (
            info(1, 3),
            [("key-advertised-not-pinned", public(3).hex()), ("key-pinned-not-advertised", public(2).hex())],
        ),
        (
            info(1, 2, not_before=7),
            [("key-dates-differ", public(1).hex()), ("key-dates-differ", public(2).hex())],
        ),
    ],
)
def test_advertised_keys_against_pinned_ones(answer: bytes | None, codes: list[tuple[str, str | None]]) -> None:
    assert told(list(compare_info(answer, expected(1, 2)))) == codes
    assert len(advertised_keys(answer)) == (0 if answer is None or len(answer) < 9 else len(json.loads(answer)["keys"]))


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (None, ["namespace-not-fetched"]),
        (b"[]", ["namespace-unreadable"]),
        (entry(root=f"1/{digest(2).hex()}"), ["root-answer-differs"]),
        (entry(root=f"2/{digest(1).hex()}"), ["root-answer-differs"]),
        (entry(name="other"), ["root-answer-differs"]),
        (entry(status="disabled"), ["namespace-disabled"]),
        (entry(last_verified_epoch=6), ["log-goes-on"]),
        (entry(last_verified_epoch=5), []),
    ],
)
def test_what_the_log_says_of_the_namespace(answer: bytes | None, codes: list[str]) -> None:
    assert [code for code, _ in told(list(compare_namespace(answer, expected(), last=5)))] == codes


def test_an_unpinned_root_is_compared_with_nothing() -> None:
    assert told(list(compare_namespace(entry(root="9/aa"), expected(root=False), last=5))) == []
