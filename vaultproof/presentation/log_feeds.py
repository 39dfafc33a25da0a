"""Findings about a log as feeds: Atom (RFC 4287) and JSON Feed 1.1 (jsonfeed.org).

Without addresses of anything: entries are named by ``urn:`` ids that follow from the finding, so that a feed can be
published anywhere.  No verdict is in a feed but the words that the command line has too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from vaultproof.frozen import frozen
from vaultproof.presentation import english, log_english
from vaultproof.presentation.log_words import finding_words
from vaultproof.signer_log.findings import LogFinding
from vaultproof.strict.encodings import format_milliseconds

ATOM_FILE = "findings.atom"
JSON_FILE = "findings.json"
MOST_ENTRIES = 200
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2) has no place for, not even escaped."""
_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


@frozen
class Entry:
    """A finding in a feed: when it was first found, when it last changed, and whether it is gone (milliseconds)."""

    finding: LogFinding
    published: int
    updated: int
    gone: bool


@frozen
class Feed:
    """The findings about one namespace, those that changed last first; ``rehearsal`` marks every title."""

    namespace: str
    rehearsal: bool
    entries: Sequence[Entry]

    @property
    def title(self) -> str:
        """What the feed is about."""
        return self._marked(log_english.FEED_TITLE.format(namespace=self.namespace))

    @property
    def newest(self) -> tuple[Entry, ...]:
        """The entries that are shown."""
        ordered = sorted(self.entries, key=lambda entry: (-entry.updated, entry.finding.id))
        return tuple(ordered[:MOST_ENTRIES])

    def entry_title(self, entry: Entry) -> str:
        """What one entry is about."""
        words = finding_words(entry.finding)
        standing = log_english.EVENTS["gone"] if entry.gone else words.standing
        return self._marked(f"{standing}: {words.title}")

    def _marked(self, text: str) -> str:
        return f"{english.REHEARSAL}: {text}" if self.rehearsal else text


def atom(feed: Feed) -> bytes:
    """The feed as Atom."""
    updated = max((entry.updated for entry in feed.entries), default=0)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        _element("title", feed.title),
        _element("id", f"urn:vaultproof:log-findings:{feed.namespace}"),
        _element("updated", format_milliseconds(updated)),
        "<author><name>vaultproof</name></author>",
        *(line for entry in feed.newest for line in _atom_entry(feed, entry)),
        "</feed>",
    ]
    return ("\n".join(lines) + "\n").encode()


def json_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed 1.1."""
    value = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "items": [
            {
                "id": _id(entry),
                "title": feed.entry_title(entry),
                "content_text": _content(entry),
                "date_published": format_milliseconds(entry.published),
                "date_modified": format_milliseconds(entry.updated),
                "tags": [entry.finding.standing.value, entry.finding.code, *(["gone"] if entry.gone else [])],
                "_vaultproof": entry.finding.to_json(),
            }
            for entry in feed.newest
        ],
    }
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def _atom_entry(feed: Feed, entry: Entry) -> list[str]:
    return [
        "<entry>",
        _element("title", feed.entry_title(entry)),
        _element("id", _id(entry)),
        _element("published", format_milliseconds(entry.published)),
        _element("updated", format_milliseconds(entry.updated)),
        f'<category term="{entry.finding.standing.value}"/><category term="{entry.finding.code}"/>',
        f'<content type="text">{_text(_content(entry))}</content>',
        "</entry>",
    ]


def _content(entry: Entry) -> str:
    words = finding_words(entry.finding)
    lines = [words.sentence, *(f"{label}: {text}" for label, text in words.facts)]
    if entry.gone:
        lines.insert(0, log_english.FEED_GONE)
    elif words.advice:
        lines.append(words.advice)
    return "\n".join(lines)


def _id(entry: Entry) -> str:
    return f"urn:vaultproof:log-finding:{entry.finding.id}"


def _element(name: str, text: str) -> str:
    return f"<{name}>{_text(text)}</{name}>"


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text).translate(_ESCAPES)
