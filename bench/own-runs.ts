import { figure, type Bench } from './bench.ts';
import { addOwnRuns } from './support/own-history.ts';
import { makeBenchLab, shellLab } from './support/lab.ts';
import { timed } from './support/timed.ts';

const RUNS = 10_000;
const POINTS = 100;

/** What thousands of runs that were made by hand cost. */
export const ownRuns: Bench = {
  name: 'own-runs',
  about: 'a lab that holds many runs of one’s own, a hundred points each: reading it',
  async run({ n = RUNS, cli, repeats, say }) {
    const lab = makeBenchLab(shellLab(1));
    try {
      say(`${n} runs`);
      await addOwnRuns(lab, n, POINTS);
      const last = `R-${String(n).padStart(4, '0')}`;
      const verbs: readonly (readonly [readonly string[], string])[] = [
        [['runs'], '≤ 300 ms'],
        [['runs', '--limit', '20'], '≤ 300 ms'],
        [['show', 'R-0001'], '≤ 1 s'],
        [['compare', 'R-0001', last], '≤ 1 s'],
        [['query', "SELECT count(*) AS n FROM metrics WHERE key = 'loss'"], '≤ 1 s'],
      ];
      const samples = verbs.map((): number[] => []);
      const bare: number[] = [];
      for (let i = 0; i < Math.max(5, repeats); i++) {
        bare.push(await timed(lab, ['-e', '0']));
        for (const [j, [args]] of verbs.entries())
          samples[j]?.push(await timed(lab, [cli, ...args]));
      }
      return [
        figure('node -e 0', 'ms', bare),
        ...verbs.map(([args, aim], j) =>
          figure(`${n}: autolab ${args.join(' ').slice(0, 60)}`, 'ms', samples[j] ?? [], aim),
        ),
      ];
    } finally {
      lab.remove();
    }
  },
};
