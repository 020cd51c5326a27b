// Runs pack.py on Pyodide, which is CPython compiled to WebAssembly: `node pack.mjs FOLDER ZIP`.
import { readFileSync, writeFileSync } from 'node:fs';
import { loadPyodide } from 'pyodide';

const [folder, zip] = process.argv.slice(2);
// Compiled files are not known to depend on the seed of hashes; with a fixed one they can't.
const python = await loadPyodide({ env: { PYTHONHASHSEED: '0' } });
python.mountNodeFS('/package', folder);
python.runPython(readFileSync(new URL('pack.py', import.meta.url), 'utf8'));
python.globals.get('pack')('/package', '/package.zip');
writeFileSync(zip, python.FS.readFile('/package.zip'));
