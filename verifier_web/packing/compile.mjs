// Started by bytecode.py: compiles Python sources inside Pyodide, so that the .pyc files are those of Pyodide's Python.
//
//   node compile.mjs PYODIDE_FOLDER REQUEST.json ANSWER.json
//
// request: {"compiler": source of compile_modules.py, "modules": [{"file", "source" (base64), "lines"}]}
// answer:  {"python": version, "modules": [base64, in the same order]}

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { startPyodide } from "./node_pyodide.mjs";

const [folder, requestFile, answerFile] = process.argv.slice(2).map((path) => resolve(path));
const request = JSON.parse(readFileSync(requestFile, "utf8"));

const pyodide = await startPyodide(folder, {
  env: { PYTHONHASHSEED: "0" }, // sets in constants are written in hash order
});
pyodide.globals.set("compiler_source", request.compiler);
pyodide.globals.set("modules", pyodide.toPy(request.modules));
writeFileSync(answerFile, pyodide.runPython(`
import base64, json, sys, types

compiler = types.ModuleType("compile_modules")
exec(compile(compiler_source, "compile_modules.py", "exec"), compiler.__dict__)
json.dumps({
    "python": sys.version.split()[0],
    "modules": [
        base64.b64encode(
            compiler.compile_source(base64.b64decode(module["source"]), module["file"], lines=module["lines"])
        ).decode()
        for module in modules
    ],
})
`));
