import { figure, median, type Bench, type Figure, type Options } from './bench.ts';
import { addHistory } from './support/history.ts';
import { launch } from './support/launch.ts';
import { makeBenchLab, shellLab, type BenchLab } from './support/lab.ts';
import { timed } from './support/timed.ts';
import { journalOf, neighbours } from './support/trainings.ts';

const EXPERIMENTS = 2000;
/** Experiments of the night that is measured on top of the past. */
const NIGHT = 20;

/** What a long past costs. */
export const bigLab: Bench = {
  name: 'big-lab',
  about: 'a lab that holds many experiments: reading it, and one more night',
  async run(options) {
    const most = options.n ?? EXPERIMENTS;
    const found: Figure[] = [];
    for (const past of [0, Math.round(most / 2), most]) {
      const lab = makeBenchLab(shellLab(NIGHT));
      try {
        options.say(`a past of ${past} experiments`);
        await addHistory(lab, past);
        if (past === most) found.push(...(await reading(lab, past, options)));
        found.push(...(await oneMoreNight(lab, past, options)));
      } finally {
        lab.remove();
      }
    }
    return found;
  },
};

async function reading(
  lab: BenchLab,
  past: number,
  { cli, repeats }: Options,
): Promise<readonly Figure[]> {
  const some = `E-${String(Math.max(1, Math.round(past / 2))).padStart(4, '0')}`;
  const sql = 'SELECT verdict, count(*) AS n FROM experiments GROUP BY verdict';
  const metrics = `SELECT count(*) AS n FROM metrics WHERE key = 'loss'`;
  const verbs: readonly (readonly [readonly string[], string | null])[] = [
    [['status'], '≤ 300 ms'],
    [['experiments'], '≤ 300 ms'],
    [['runs'], null],
    [['show', some], null],
    [['query', sql], null],
    [['query', metrics], null],
  ];
  const samples = verbs.map((): number[] => []);
  const bare: number[] = [];
  // One after the other, so that a noisy moment meets all alike.
  for (let i = 0; i < Math.max(5, repeats); i++) {
    bare.push(await timed(lab, ['-e', '0']));
    for (const [j, [args]] of verbs.entries()) samples[j]?.push(await timed(lab, [cli, ...args]));
  }
  return [
    figure('node -e 0', 'ms', bare),
    ...verbs.map(([args, aim], j) =>
      figure(`${past}: autolab ${args.join(' ').slice(0, 60)}`, 'ms', samples[j] ?? [], aim),
    ),
  ];
}

async function oneMoreNight(
  lab: BenchLab,
  past: number,
  { cli }: Options,
): Promise<readonly Figure[]> {
  const night = await launch(cli, lab);
  const { trainings } = await journalOf(lab);
  const first = trainings[0];
  if (first === undefined) throw new Error('expected trainings, found none');
  const gaps = neighbours(trainings).map(([one, next]) => next.started - one.ended);
  const memory = night.memory_mb;
  return [
    figure(
      `${past}: launch to the first training`,
      's',
      [(first.started - night.began) / 1000],
      past > 0 ? '≤ 5 s' : null,
    ),
    figure(`${past}: from one training on a slot to the next`, 'ms', gaps),
    ...(memory.length > 0 ? [figure(`${past}: memory of the launch`, 'MB', [median(memory)])] : []),
  ];
}
