// Runs a script on Pyodide's CPython, with a folder at /var/task, as Lambda has it: `node on_pyodide.mjs SCRIPT FOLDER`.
import { readFileSync } from 'node:fs';
import { loadPyodide } from 'pyodide';

const [script, folder] = process.argv.slice(2);
const python = await loadPyodide({ args: [script, '/var/task'] });
python.mountNodeFS('/var/task', folder);
python.runPython(readFileSync(script, 'utf8'));
