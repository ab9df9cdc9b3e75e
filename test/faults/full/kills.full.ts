import { afterAll, describe, expect, test } from 'vitest';
import { acknowledged, aFaultLab, lasting, launchToTheEnd, withLab } from '../../support/faults.ts';
import { intact } from '../../support/faults-intact.ts';
import { battered, killedAtEach, killedOnce } from '../../support/faults-kills.ts';
import { checkout, PLAN } from '../../support/lab.ts';
import { hasRedis, startRedis } from '../../support/redis.ts';

/** A night killed before and after each of its records, over both queues. FAULT_STEP=7 tries every seventh. */

const step = Number(process.env['FAULT_STEP'] ?? 1);

/** How many records a night has that nothing befalls. */
const records = await withLab(aFaultLab(), async (lab) => {
  const before = checkout(lab);
  await launchToTheEnd(lab);
  const problems = await intact(lab, { checkout: before });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return acknowledged(lab).length;
});
const points = Array.from({ length: Math.ceil(records / step) }, (_, i) => 1 + i * step);

const redis = hasRedis ? await startRedis() : null;
afterAll(() => redis?.remove());

for (const [name, queue] of [
  ['the embedded queue', 'embedded'],
  ['Redis', redis?.url],
] as const)
  describe.skipIf(queue === undefined).concurrent(`over ${name}, a night that is killed`, () => {
    for (const when of ['before', 'after'] as const)
      test.each(points)(`right ${when} record %i is intact in the morning`, (record) =>
        withLab(aFaultLab(queue), async (lab) => {
          expect({ lab: lab.folder, problems: await killedOnce(lab, { when, record }) }).toEqual({
            lab: lab.folder,
            problems: [],
          });
        }),
      );

    test('at each launch’s eighth record is intact in the morning', () =>
      withLab(aFaultLab(queue), async (lab) => {
        const { problems } = await killedAtEach(lab, { when: 'after' }, 8);
        expect({ lab: lab.folder, problems }).toEqual({ lab: lab.folder, problems: [] });
      }));
  });

describe('nights on which fifty blows fall at random moments', () => {
  const first = Number(process.env['FAULT_SEED'] ?? Date.now() % 1e6);
  const blowsEach = Number(process.env['FAULT_BLOWS'] ?? 50);
  test.concurrent.each([0, 1, 2, 3])(
    'are intact in the morning (%i)',
    async (n) => {
      const seed = first + n;
      // Every other one over Redis, where there is one.
      const queue = n % 2 === 0 ? 'embedded' : (redis?.url ?? 'embedded');
      const lab = aFaultLab(queue, {
        'train.mjs': lasting(1500),
        'research_plan.yaml': `${PLAN}queue: ${queue}\n`,
      });
      console.log(`seed ${seed}, ${queue}, ${lab.folder}`);
      const { problems, blows, nights } = await battered(lab, seed, blowsEach);
      console.log(`seed ${seed}: ${blows.length} blows in ${nights} nights`);
      expect({ seed, problems }).toEqual({ seed, problems: [] });
      expect(blows).toHaveLength(blowsEach);
      lab.remove();
    },
    3_600_000,
  );
});
