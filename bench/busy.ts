import { figure, sum, type Bench } from './bench.ts';
import { launch } from './support/launch.ts';
import { makeBenchLab, shellLab } from './support/lab.ts';
import { journalOf, neighbours } from './support/trainings.ts';

const SLOTS = 2;
/** With the baseline's three an even number, so that both slots end together. */
const EXPERIMENTS = 21;
const RUN_SECONDS = 5;

/** How much of a night the slots train. */
export const busy: Bench = {
  name: 'busy',
  about: `runs of ${RUN_SECONDS} s that sleep, ${SLOTS} slots`,
  async run({ n = EXPERIMENTS, cli, say }) {
    const lab = makeBenchLab(shellLab(n, `sleep ${RUN_SECONDS}\n`));
    try {
      say(`a night of ${n} experiments, some ${Math.ceil(((n + 3) / SLOTS) * RUN_SECONDS)} s`);
      const night = await launch(cli, lab);
      const { trainings } = await journalOf(lab);
      const trained = sum(trainings.map((one) => one.ended - one.started));
      const window =
        Math.max(...trainings.map((one) => one.ended)) - (trainings[0]?.started ?? Number.NaN);
      const gaps = neighbours(trainings).map(([one, next]) => next.started - one.ended);
      return [
        figure('first to last training', '%', [(100 * trained) / (SLOTS * window)], '≥ 98 %'),
        figure('the whole launch', '%', [trained / (SLOTS * night.seconds * 10)]),
        figure('a slot between two trainings', 'ms', gaps),
        figure('training, all slots', 's', [trained / 1000]),
        figure('launch', 's', [night.seconds]),
      ];
    } finally {
      lab.remove();
    }
  },
};
