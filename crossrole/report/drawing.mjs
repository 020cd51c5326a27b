// Draws graphs with Graphviz, compiled to WebAssembly: one line of JSON in (a list of graphs), one line out (a list of SVGs).
// A graph is what viz-js takes as an object: its labels are plain text, never DOT or HTML.
import { createInterface } from 'node:readline';
import { instance } from '@viz-js/viz';

const viz = await instance();

for await (const line of createInterface({ input: process.stdin })) {
  const drawn = JSON.parse(line).map((graph) => viz.renderString(graph, { format: 'svg' }));
  process.stdout.write(JSON.stringify(drawn) + '\n');
}
