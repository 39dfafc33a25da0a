// Started by survey.py: which modules of the standard library does a run load?
//
//   node survey.mjs PYODIDE_FOLDER REQUEST.json ANSWER.json
//
// request: {"library": path of the zip to boot from, "own": path of the zip with our code, "imports": [module names]}
// answer:  {"bundled": [modules that came from the library], "interpreter": [modules inside the interpreter],
//           "failed": {module name: why}}

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { startPyodide } from "./node_pyodide.mjs";

const [folder, requestFile, answerFile] = process.argv.slice(2).map((path) => resolve(path));
const request = JSON.parse(readFileSync(requestFile, "utf8"));

const pyodide = await startPyodide(folder, {
  stdLibURL: request.library,
  env: { PYTHONPATH: "/lib/own.zip", VAULTPROOF_PREPARING: "1" },
  fsInit: async (FS) => FS.writeFile("/lib/own.zip", new Uint8Array(readFileSync(request.own))),
});
pyodide.globals.set("names", pyodide.toPy(request.imports));
writeFileSync(answerFile, pyodide.runPython(`
import _imp, importlib, json, sys

failed = {}
for name in names:
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)

def origin(module):
    return str(getattr(getattr(module, "__spec__", None), "origin", None))

bundled = sorted(name for name, module in sys.modules.items() if origin(module).startswith("/lib/python"))
own = {name for name, module in sys.modules.items() if origin(module).startswith("/lib/own.zip")}
interpreter = {*sys.builtin_module_names, *_imp._frozen_module_names(), *sys.modules}  # of aliases, too: os.path
json.dumps({"bundled": bundled, "interpreter": sorted(interpreter - set(bundled) - own), "failed": failed})
`));
