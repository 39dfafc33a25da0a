"""The signature vectors in a real browser: the very runner that CPython uses, over WebCrypto, in the packed runtime."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests import vectors_runner
from tests.browser.conftest import Visit

RUN = """
import json, sys
sys.path.insert(0, "")
from vectors_runner import run_all
from vaultproof.crypto.webcrypto import WebCryptoBackend
names = json.loads(open("names.json").read())
answers = await run_all({name: open(name, "rb").read() for name in names}, WebCryptoBackend())
json.dumps(answers)
"""


def run_python(visit: Visit, code: str, files: dict[str, bytes]) -> str:
    """What Python in the packed runtime says to ``code``, with these files in its folder."""
    visit.open("python/")
    visit.page.wait_for_selector("html[data-ready]", timeout=120_000)
    visit.page.set_default_timeout(300_000)
    encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
    answer: str = visit.page.evaluate("([code, files]) => runPython(code, files)", [code, encoded])
    return answer


@pytest.mark.interop
@pytest.mark.slow
def test_webcrypto_answers_every_vector_as_the_rules_say(visit: Visit, vectors: Path) -> None:
    given = {path.name: path.read_bytes() for path in sorted((vectors / "wycheproof").glob("*.json"))}
    runner = Path(vectors_runner.__file__).read_bytes()
    files = {**given, "vectors_runner.py": runner, "names.json": json.dumps(sorted(given)).encode()}
    answers = json.loads(run_python(visit, RUN, files))
    assert len(answers) == 7
    for name, content in given.items():
        expected = [list(answer) for answer in vectors_runner.expected(content)]
        assert len(expected) >= 12
        assert answers[name] == expected, name
