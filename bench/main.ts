/**
 * npm run bench -- [names] [--n N] [--repeats N] [--cli FILE] [--json FILE]
 *
 * Measures and prints; judges nothing, and fails only where a bench could not measure.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine, machineInWords } from '../workers/machine.ts';
import { table, type Bench, type Figure } from './bench.ts';
import { bigLab } from './big-lab.ts';
import { busy } from './busy.ts';
import { overhead } from './overhead.ts';
import { ownRuns } from './own-runs.ts';
import { points } from './points.ts';
import { start } from './start.ts';

const BENCHES: readonly Bench[] = [start, overhead, busy, bigLab, ownRuns, points];

// Where it is set, each `node` first reads those certificates: 40 to 80 ms that are the machine's.
delete process.env['NODE_EXTRA_CA_CERTS'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    n: { type: 'string' },
    repeats: { type: 'string', default: '5' },
    cli: { type: 'string', default: new URL('../bin/autolab.js', import.meta.url).pathname },
    json: { type: 'string' },
  },
});

const wholeNumber = (name: string, text: string): number => {
  if (!/^[1-9]\d*$/.test(text))
    throw new Error(`--${name}: expected a whole number, found ${text}`);
  return Number(text);
};

function chosen(names: readonly string[]): readonly Bench[] {
  if (names.length === 0) return BENCHES;
  return names.map((name) => {
    const found = BENCHES.find((bench) => bench.name === name);
    if (found) return found;
    const known = BENCHES.map((bench) => bench.name).join(', ');
    throw new Error(`expected a bench (${known}), found ${name}`);
  });
}

const options = {
  n: values.n === undefined ? undefined : wholeNumber('n', values.n),
  repeats: wholeNumber('repeats', values.repeats),
  cli: values.cli,
  say: (text: string) => process.stderr.write(`  ${text}\n`),
};
const date = new Date().toISOString().slice(0, 10);
const where = machineInWords(await machine(process.env));
console.log(`${where}, Node ${process.version}, ${date}`);
const figures: Record<string, readonly Figure[]> = {};
for (const bench of chosen(positionals)) {
  console.log(`\n${bench.name}: ${bench.about}`);
  figures[bench.name] = await bench.run(options);
  console.log(table(figures[bench.name] ?? []));
}
if (values.json !== undefined) {
  const all = { machine: where, node: process.version, date, figures };
  writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`);
}
