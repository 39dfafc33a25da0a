"""Examples of the interface for programs, as its page shows them; a test runs each as it stands.

``https://example.org`` stands for the service, ``deployment.zip`` for an archive that the reader has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HOST = "https://example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A curl command and a Python program that do the same."""

    curl: str
    python: str


EXAMPLES: Mapping[str, Example] = {
    "verifyUpload": Example(
        curl=f"""\
curl --silent --show-error --header 'Content-Type: application/zip' \\
    --data-binary @deployment.zip {HOST}/api/v1/verify""",
        python=f"""\
import json
from pathlib import Path
from urllib.request import Request, urlopen

archive = Path("deployment.zip").read_bytes()
request = Request("{HOST}/api/v1/verify", archive, {{"Content-Type": "application/zip"}})
with urlopen(request) as answer:
    report = json.load(answer)
print(report["verdict"]["scope"], report["verdict"]["outcome"])
print(report["report_digest"])""",
    ),
    "listDeployments": Example(
        curl=f"curl --silent --show-error {HOST}/api/v1/deployments",
        python=f"""\
import json
from urllib.request import urlopen

with urlopen("{HOST}/api/v1/deployments") as answer:
    for deployment in json.load(answer)["deployments"]:
        print(deployment["id"], deployment["title"])""",
    ),
    "checkDeployment": Example(
        curl=f"curl --silent --show-error {HOST}/api/v1/deployments/rehearsal-messenger-2026/check",
        python=f"""\
import json
from urllib.request import urlopen

with urlopen("{HOST}/api/v1/deployments/rehearsal-messenger-2026/check") as answer:
    report = json.load(answer)
for step in report["steps"]:
    print(step["number"], step["id"], step["status"])""",
    ),
    "getArchive": Example(
        curl=f"curl --silent --show-error --output deployment.zip "
        f"{HOST}/api/v1/deployments/rehearsal-messenger-2026/archive",
        python=f"""\
from pathlib import Path
from urllib.request import urlopen

with urlopen("{HOST}/api/v1/deployments/rehearsal-messenger-2026/archive") as answer:
    print(Path("deployment.zip").write_bytes(answer.read()), "bytes")""",
    ),
    "getFile": Example(
        curl=f"curl --silent --show-error "
        f"{HOST}/api/v1/deployments/rehearsal-messenger-2026/files/bundle/fleet-keys.json",
        python=f"""\
import hashlib
from urllib.request import urlopen

with urlopen("{HOST}/api/v1/deployments/rehearsal-messenger-2026/files/manifest.json") as answer:
    print("evidence digest", hashlib.sha256(answer.read()).hexdigest())""",
    ),
    "lookUpKey": Example(
        curl=f"""\
curl --silent --show-error --get --data-urlencode \\
    key=0000000000000000000000000000000000000000000000000000000000000000 {HOST}/api/v1/fleet-keys""",
        python=f"""\
import json
from urllib.parse import urlencode
from urllib.request import urlopen

question = urlencode({{"key": "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff" * 2}})
with urlopen("{HOST}/api/v1/fleet-keys?" + question) as answer:
    print(json.load(answer)["sentence"])""",
    ),
}
