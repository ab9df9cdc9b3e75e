import { describe, expect, test } from 'vitest';
import { aFaultLab, lasting, TINY_PLAN, withLab } from '../support/faults.ts';
import { battered, killedAtEach } from '../support/faults-kills.ts';

/** A sample of what `npm run test:faults` tries at every record: see test/faults/full/. */

/** Of some 35 records: dawn's two runs go on when it is written. */
const STEP = 22;

/** Tests run side by side: each removes its own. */
const aLab = (files: Readonly<Record<string, string>> = {}) =>
  aFaultLab('embedded', { 'research_plan.yaml': TINY_PLAN, ...files });

describe.concurrent('a night that is killed', () => {
  test(
    'right after a record is written comes to its end, with every record it had',
    () =>
      withLab(aLab(), async (lab) => {
        const { kills, problems } = await killedAtEach(lab, { when: 'after' }, STEP);
        expect({ lab: lab.folder, problems }).toEqual({ lab: lab.folder, problems: [] });
        expect(kills).toBeGreaterThanOrEqual(1);
      }),
    300_000,
  );

  test.runIf(process.env['FULL'])(
    'by a blow at a random moment comes to its end, with every record it had',
    () =>
      withLab(aLab({ 'train.mjs': lasting(300) }), async (lab) => {
        const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1e6);
        const { problems, blows } = await battered(lab, seed, 1);
        expect({ seed, lab: lab.folder, problems }).toEqual({
          seed,
          lab: lab.folder,
          problems: [],
        });
        expect(blows).toHaveLength(1);
      }),
    300_000,
  );
});
