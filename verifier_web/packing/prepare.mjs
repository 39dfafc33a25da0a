// Started by bytecode.py: compiles what our code has compiled while it is imported, so that browsers need not
// (see startup.py).
//
//   node prepare.mjs PYODIDE_FOLDER REQUEST.json ANSWER.pyc
//
// request: {"compiler": source of compile_modules.py, "library": path of the zip to boot from, "own": path of the zip with
//           our code, "module": the module to import, "file": the name that the answer has in the archive}

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { startPyodide } from "./node_pyodide.mjs";

const [folder, requestFile, answerFile] = process.argv.slice(2).map((path) => resolve(path));
const request = JSON.parse(readFileSync(requestFile, "utf8"));

const pyodide = await startPyodide(folder, {
  stdLibURL: request.library,
  env: { PYTHONHASHSEED: "0", PYTHONPATH: "/lib/own.zip", VAULTPROOF_PREPARING: "1" },
  fsInit: async (FS) => FS.writeFile("/lib/own.zip", new Uint8Array(readFileSync(request.own))),
});
for (const name of ["compiler", "module", "file"]) pyodide.globals.set(name, request[name]);
pyodide.runPython(`
import importlib, marshal, re._compiler, types
import sitecustomize

importlib.import_module(module)
importlib.import_module("vaultproof.attestation.registry").adapters()
tools = types.ModuleType("compile_modules")
exec(compiler, tools.__dict__)
texts = {
    sitecustomize.text_key(text): tools.without_lines(compile(text, "<dataclass>", "exec", dont_inherit=True))
    for text in sorted(set(sitecustomize.missed_texts))
}
patterns = {
    key: sitecustomize.engine_arguments(re._compiler, *key)
    for key in sorted(set(sitecustomize.missed_patterns), key=repr)
}
if not texts or not patterns:
    raise RuntimeError("nothing was noted: sitecustomize is not at work")
source = f"import marshal\\nTEXTS, PATTERNS = marshal.loads({marshal.dumps((texts, patterns))!r})\\n"
answer = tools.compile_source(source.encode(), file, lines=False)
`);
writeFileSync(answerFile, pyodide.globals.get("answer").toJs());
