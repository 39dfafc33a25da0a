"""The configuration: file and environment, each value of its kind, errors that name their place."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from vaultproof.errors import Unavailable
from verifier_web.service.configuration import Configuration, describe, limits, load_configuration
from verifier_web.service.zygote import from_json, to_json


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text('workers = 3\nqueue_length = 5\nhosts = ["example.org"]\nsite = "out"\n')
    environment = {"VAULTPROOF_SERVICE_WORKERS": "7", "PATH": "x"}
    found = load_configuration(file, environment)
    assert (found.workers, found.queue_length) == (7, 5)
    assert found.hosts == ("example.org",)
    assert found.site == Path("out")


def test_lists_stand_in_the_environment_too() -> None:
    found = load_configuration(
        None,
        {
            "VAULTPROOF_SERVICE_HOSTS": "a.example, .b.example",
            "VAULTPROOF_SERVICE_TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "VAULTPROOF_SERVICE_LISTEN": "[::1]:80",
            "VAULTPROOF_SERVICE_TRUST": "pins",
        },
    )
    assert found.hosts == ("a.example", ".b.example")
    assert found.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert (found.host, found.port) == ("::1", 80)
    assert found.trust == Path("pins")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WORKERS", "0", "at least 1"),
        ("WORKERS", "-1", "whole number of processes"),
        ("WORKERS", "two", "whole number"),
        ("WORKERS", "1.5", "whole number"),
        ("WORKERS", "\u0661", "whole number"),
        ("CHECK_MEMORY_BYTES", "1024", "at least 536870912"),
        ("LISTEN", "8080", "127.0.0.1:8080"),
        ("LISTEN", "localhost:99999", "127.0.0.1:8080"),
        ("HOSTS", "", "separated by commas"),
        ("TRUSTED_PROXIES", "everybody", "10.0.0.0/8"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "10.0.0.0/8"),
        ("SITE", "", "a path"),
        ("SITES", "x", "listen"),
    ],
)
def test_a_value_of_another_kind_is_named(name: str, value: str, told: str) -> None:
    with pytest.raises(Unavailable) as caught:
        load_configuration(None, {f"VAULTPROOF_SERVICE_{name}": value})
    assert caught.value.code == "service-configuration"
    assert caught.value.file == f"VAULTPROOF_SERVICE_{name}"
    assert told in str(caught.value.expected)


@pytest.mark.parametrize("text", ["workers = true", "workers = '2'x", "hosts = 1", "trusted_proxies = [1]", "\x00"])
def test_a_file_with_other_things_in_it_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text(text)
    with pytest.raises(Unavailable, match="service-configuration"):
        load_configuration(file, {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        load_configuration(tmp_path / "none.toml", {})


def test_every_setting_says_what_it_means() -> None:
    for found in fields(Configuration):
        assert found.metadata["about"].endswith("."), found.name


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    changed = Configuration(workers=3, trusted_proxies=(ip_network("10.0.0.0/8"),), trust=Path("pins"))
    file = tmp_path / "service.toml"
    file.write_text("\n".join(describe(changed)))
    assert load_configuration(file, {}) == changed
    assert "trust" not in tomllib.loads("\n".join(describe(Configuration())))


def test_it_travels_to_another_process_whole() -> None:
    changed = Configuration(workers=3, trusted_proxies=(ip_network("::1/128"),), trust=Path("pins"), hosts=("a",))
    assert from_json(to_json(changed)) == changed


def test_limits_are_the_caps_that_a_client_can_meet() -> None:
    names = [limit.name for limit in limits(Configuration())]
    assert "upload_bytes" in names
    assert "workers" not in names
    assert all(limit.value > 0 and limit.unit and limit.about for limit in limits(Configuration()))
