"""Who asks: no client can speak for another."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from verifier_web.service.clients import client_of, is_trusted

PROXIES = (ip_network("10.0.0.0/8"), ip_network("127.0.0.1/32"))


@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # nobody's proxy: its header is not believed
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # the first was put there by the client
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, nonsense, 10.2.2.2", "10.2.2.2"),
        ("10.0.0.1", "10.3.3.3", "10.3.3.3"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
        ("::ffff:127.0.0.1", "192.0.2.5", "192.0.2.5"),
        ("", "", "unknown"),
        ("unix", "192.0.2.5", "unknown"),
    ],
)
def test_the_client_behind_a_request(peer: str, header: str, expected: str) -> None:
    assert client_of(peer, header, PROXIES) == expected


def test_only_configured_proxies_are_trusted() -> None:
    assert is_trusted("10.1.2.3", PROXIES)
    assert not is_trusted("192.0.2.1", PROXIES)
    assert not is_trusted("nonsense", PROXIES)
    assert not is_trusted("10.1.2.3", ())
