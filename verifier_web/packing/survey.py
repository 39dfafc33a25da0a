"""Computes ``stdlib_modules.json``: the part of the standard library that a browser downloads.

Run ``python -m verifier_web.packing.survey`` after a change of Pyodide's version or of what the core imports, and
commit the result.  The list holds

- what Pyodide itself loads when it starts, and what our code imports (every module of it is imported, and every import
  statement in it is carried out, those inside functions too), observed in Pyodide with the whole library at hand;
- ``BY_NAME``: modules that are looked up by name at run time, which no import statement shows;

without ``LEFT_OUT``, which the modules that ask for them can do without.  A browser test holds that nothing outside the
list is ever asked for while the core runs, its error paths included.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vaultproof.archive import write_stored_zip
from verifier_web.packing.bytecode import run_node
from verifier_web.packing.errors import PackingError
from verifier_web.packing.modules import LIST, PREPARED_MODULE, imported_names, module_names, own_code

RUNNER = Path(__file__).with_name("survey.mjs")

BY_NAME = (
    "_strptime",  # datetime.strptime imports it on first use
    "encodings.ascii",  # codecs are found by name
    "encodings.cp437",  # names in zip archives that do not say they are UTF-8
    "encodings.latin_1",
    "encodings.utf_16_be",  # BMPString of ASN.1
    "linecache",  # tracebacks
    "traceback",
)
LEFT_OUT = (
    "_ssl",  # a stub in Pyodide; asyncio asks for ssl and accepts its absence
    "ssl",
    "bz2",  # shutil and zipfile ask for these three compressions and accept their absence
    "compression",
    "lzma",
)


def _left_out(file: str) -> bool:
    name = file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return any(name == absent or name.startswith(f"{absent}.") for absent in LEFT_OUT)


def _library(pyodide: Path) -> Mapping[str, bytes]:
    with zipfile.ZipFile(pyodide / "python_stdlib.zip") as archive:
        files = [file for file in archive.namelist() if file.endswith(".py") and not _left_out(file)]
        return {file: archive.read(file) for file in files}


def survey(pyodide: Path) -> dict[str, Any]:
    """The list for this Pyodide and the core as it is now, as JSON values.

    Raises ``PackingError`` when node or Pyodide fails or a module of ours cannot be imported there.
    """
    own = own_code()
    imports = set(BY_NAME).union(module_names(own), *(imported_names(source) for source in own)) - {
        "__future__",
        PREPARED_MODULE,
    }
    with tempfile.TemporaryDirectory(prefix="vaultproof-survey-") as folder:
        paths = {name: Path(folder, name) for name in ("library.zip", "own.zip")}
        paths["library.zip"].write_bytes(write_stored_zip(_library(pyodide)))
        paths["own.zip"].write_bytes(write_stored_zip({source.file: source.content for source in own}))
        request = {"library": str(paths["library.zip"]), "own": str(paths["own.zip"]), "imports": sorted(imports)}
        answer: dict[str, Any] = json.loads(run_node(RUNNER, pyodide, request))
    if answer["failed"]:
        raise PackingError(f"the core does not import in Pyodide: {answer['failed']}")
    version = json.loads((pyodide / "package.json").read_text("utf-8"))["version"]
    return {"pyodide": version, "bundled": answer["bundled"], "interpreter": answer["interpreter"]}


def main() -> None:
    """Renew the committed list."""
    parser = argparse.ArgumentParser(description="Renew the list of standard library modules for the browser.")
    parser.add_argument("--node-modules", type=Path, default=Path("node_modules"), metavar="FOLDER")
    found = survey(parser.parse_args().node_modules / "pyodide")
    LIST.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{LIST.name}: {len(found['bundled'])} modules\n")


if __name__ == "__main__":
    main()
