/**
 * npm run bench:trust -- [--n N] [--only SETTING]… [--budget RUNS] [--worst N] [--jobs N] [--seed N] [--json FILE]
 *
 * Simulated nights whose truth is known, through the same `decide` as a real night: how often is
 * a claim false, and what does that care cost? Prints the aims beside what it measured and judges
 * nothing. Exit code 1 where nights could not be measured, 2 for a wrong option.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine, machineInWords } from '../workers/machine.ts';
import { carriedOut, type Order } from './trust/crew.ts';
import { AIMS, figuresOf, summaryOf, worstOf, type Played } from './trust/figures.ts';
import { chosen, type Setting } from './trust/settings.ts';
import { aimsTable, claimsTable, rivalsTable } from './trust/table.ts';

function read() {
  const { values } = parseArgs({
    options: {
      n: { type: 'string', default: '1000' },
      only: { type: 'string', multiple: true, default: [] },
      budget: { type: 'string' },
      worst: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
    },
  });
  const whole = (name: string, text: string): number => {
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new Error(`--${name}: expected a whole number above 0, found ${text}`);
  };
  return {
    n: whole('n', values.n),
    settings: chosen(
      values.only,
      values.budget === undefined ? null : whole('budget', values.budget),
    ),
    worst: values.worst === undefined ? null : whole('worst', values.worst),
    jobs: whole('jobs', values.jobs),
    seed: whole('seed', values.seed),
    json: values.json,
  };
}

type Options = ReturnType<typeof read>;

async function main({ n, settings, worst, jobs, seed, json }: Options): Promise<boolean> {
  const date = new Date().toISOString().slice(0, 10);
  const where = machineInWords(await machine(process.env));
  console.log(`${where}, ${date}`);
  console.log(
    `${n} nights a setting, seed ${seed}; intervals of shares are Clopper and Pearson’s, two-sided 95 %\n`,
  );
  const played = await play(settings, { from: 1, nights: n, seed, jobs });
  const rows = played.map(figuresOf);
  console.log(`Claims\n${claimsTable(rows)}\n`);
  console.log(`True gain a night, in noise units, and false nights\n${rivalsTable(rows)}\n`);
  // On other nights than those that made it the worst.
  const again = worst === null ? null : worstOf(played);
  const repeated = again
    ? await play([again], { from: n + 1, nights: worst ?? 0, seed, jobs })
    : [];
  const worstRow = repeated.map(figuresOf)[0] ?? null;
  const summary = summaryOf(played);
  console.log(`Aims\n${aimsTable(summary, worstRow)}`);
  if (json !== undefined) {
    const about = { machine: where, date, seed, nights: n, aims: AIMS };
    const data = { ...about, settings: withSettings(played), worst: worstRow, summary };
    writeFileSync(json, `${JSON.stringify(data, null, 2)}\n`);
  }
  const unmeasured = [...played, ...repeated].flatMap(({ tally }) => tally.unmeasured);
  if (unmeasured.length > 0)
    process.stderr.write(`${unmeasured.length} nights not measured; first: ${unmeasured[0]}\n`);
  return unmeasured.length === 0;
}

const withSettings = (played: readonly Played[]) =>
  played.map((one) => ({ ...one.setting, ...figuresOf(one) }));

async function play(
  settings: readonly Setting[],
  { jobs, ...nights }: Omit<Order, 'setting'> & { readonly jobs: number },
): Promise<readonly Played[]> {
  const orders = settings.map((setting) => ({ setting, ...nights }));
  const all = settings.length * nights.nights;
  let done = 0;
  const percent = () => Math.floor((100 * done) / all);
  const tallies = await carriedOut(orders, jobs, (chunk) => {
    const before = percent();
    done += chunk.nights;
    if (percent() > before)
      process.stderr.write(`  ${percent()} % of ${all} nights, ${chunk.setting.name}\n`);
  });
  return settings.flatMap((setting, i) => {
    const tally = tallies[i];
    return tally ? [{ setting, tally }] : [];
  });
}

let options: Options;
try {
  options = read();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
process.exitCode = (await main(options)) ? 0 : 1;
