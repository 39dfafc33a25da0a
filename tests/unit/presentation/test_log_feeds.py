"""Feeds of findings: well-formed whatever a finding holds, and marked where it is a rehearsal."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from vaultproof.presentation.log_english import CODES
from vaultproof.presentation.log_feeds import MOST_ENTRIES, Entry, Feed, atom, json_feed
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.findings import LogFinding

ATOM = "{http://www.w3.org/2005/Atom}"


def entry(code: str = "fork", epoch: int = 7, *, updated: int = 5000, gone: bool = False, fact: str = "") -> Entry:
    facts = (Fact(label="reason", found=fact, origin=Origin.COMPUTED),) if fact else ()
    finding = LogFinding(code=code, namespace="a.b", epoch=epoch, facts=facts)
    return Entry(finding=finding, published=1000, updated=updated, gone=gone)


def feed(*entries: Entry, rehearsal: bool = False) -> Feed:
    return Feed(namespace="a.b", rehearsal=rehearsal, entries=entries)


def parsed(shown: Feed) -> ET.Element:
    return ET.fromstring(atom(shown))  # noqa: S314 - our own bytes


def texts(shown: Feed, name: str) -> list[str]:
    return [element.text or "" for element in parsed(shown).iter(ATOM + name)]


def test_both_feeds_hold_the_same_findings_newest_first() -> None:
    shown = feed(entry("fork", 7, updated=1000), entry("no-records", 8, updated=9000), entry("fork", 9, updated=5000))
    value = json.loads(json_feed(shown))
    titles = [item["title"] for item in value["items"]]
    assert texts(shown, "title") == ["Findings about a.b", *titles]
    assert [re.findall(r"Epoch \d", title) for title in titles] == [["Epoch 8"], ["Epoch 9"], ["Epoch 7"]]
    assert titles[2] == f"Does NOT match: Epoch 7: {CODES['fork']}"
    assert texts(shown, "updated")[0] == "1970-01-01T00:00:09.000Z"
    ids = texts(shown, "id")
    assert ids == ["urn:vaultproof:log-findings:a.b", *(item["id"] for item in value["items"])]
    assert len(set(ids)) == 4
    assert value["version"] == "https://jsonfeed.org/version/1.1"


def test_an_empty_feed_is_one() -> None:
    assert texts(feed(), "title") == ["Findings about a.b"]
    assert json.loads(json_feed(feed()))["items"] == []


def test_what_is_gone_says_so() -> None:
    shown = feed(entry(gone=True))
    item = json.loads(json_feed(shown))["items"][0]
    assert item["title"].startswith("Gone: Epoch 7")
    assert item["content_text"].startswith("This is no longer found.")
    assert "gone" in item["tags"]


def test_a_rehearsal_says_so_in_every_title() -> None:
    shown = feed(entry(), entry("no-records"), rehearsal=True)
    assert all(title.startswith("REHEARSAL: ") for title in texts(shown, "title"))
    assert all(item["title"].startswith("REHEARSAL: ") for item in json.loads(json_feed(shown))["items"])


def test_no_feed_grows_without_end() -> None:
    shown = feed(*(entry(epoch=number, updated=number) for number in range(1, MOST_ENTRIES + 50)))
    assert len(texts(shown, "title")) == MOST_ENTRIES + 1
    assert len(json.loads(json_feed(shown))["items"]) == MOST_ENTRIES


@given(st.text(max_size=40))
def test_nothing_that_a_finding_holds_breaks_a_feed(fact: str) -> None:
    shown = feed(entry(fact=fact or "x"))
    assert len(texts(shown, "content")) == 1
    assert fact in json.loads(json_feed(shown))["items"][0]["content_text"] or not fact
