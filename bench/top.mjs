// Prints where a CPU profile's time went: by package or folder, then by function.
//   node bench/top.mjs FILE.cpuprofile [functions]
import { readFileSync } from 'node:fs';

const [file, count = '25'] = process.argv.slice(2);
if (!file) {
  process.stderr.write('node bench/top.mjs FILE.cpuprofile [functions]\n');
  process.exit(1);
}
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
const functions = new Map();
const places = new Map();
let busy = 0;
samples.forEach((id, index) => {
  const { functionName, url, lineNumber } = byId.get(id);
  if (['(idle)', '(program)', '(root)'].includes(functionName)) return;
  const us = timeDeltas[index];
  const place =
    url.match(/node_modules\/((@[^/]+\/)?[^/]+)/)?.[1] ?? (url.startsWith('node:') ? url : url.split('/').at(-1));
  const name = `${functionName || '(anonymous)'}  ${place}${url ? `:${lineNumber + 1}` : ''}`;
  busy += us;
  functions.set(name, (functions.get(name) ?? 0) + us);
  places.set(place || functionName, (places.get(place || functionName) ?? 0) + us);
});
const print = (title, map, most) => {
  process.stdout.write(`\n${title}\n`);
  const sorted = [...map].sort((a, b) => b[1] - a[1]).slice(0, most);
  for (const [name, us] of sorted) process.stdout.write(`  ${((100 * us) / busy).toFixed(1).padStart(5)} %  ${name}\n`);
};
process.stdout.write(`${file}: ${(busy / 1e6).toFixed(2)} s busy\n`);
print('by package or file', places, 15);
print('by function', functions, Number(count));
