import { describe, expect, test } from 'vitest';
import {
  howItEnded,
  labsOfEachTest,
  launchToTheEnd,
  launchWith,
  notebookOf,
  TINY_PLAN,
} from '../../support/faults.ts';
import { intact } from '../../support/faults-intact.ts';
import { checkout, type FixtureLab } from '../../support/lab.ts';

/** What a user, another program or a careless script does to a lab while its night runs. */

const aLab = labsOfEachTest();

const alertsOf = async (lab: FixtureLab, kind: string | undefined): Promise<readonly string[]> =>
  (await notebookOf(lab)).events.flatMap((event) =>
    event.type === 'alert' && event.kind === kind ? [event.text] : [],
  );
describe('at night', () => {
  test('an edited plan is said, waits for the next launch, and is what that one works by', async () => {
    const lab = aLab();
    const edit = "sed -i 's/question: .*/question: Another one?/' research_plan.yaml";
    expect(howItEnded(await launchWith(lab, { when: 'after', record: 1, do: edit }))).toBe('ended');
    expect(await alertsOf(lab, 'plan_edited')).toHaveLength(1);
    expect(await intact(lab)).toEqual([]);
    await launchToTheEnd(lab);
    const [first, second] = [...(await notebookOf(lab)).state.nights.values()];
    expect(first?.plan.question).toBe('Which changes lower val_loss?');
    expect(second?.plan.question).toBe('Another one?');
    expect(second?.plan_changes).toContain('+question: Another one?');
    expect(await intact(lab)).toEqual([]);
  });

  test('a base that is rewritten, collected and deleted takes nothing from under the night', async () => {
    const lab = aLab({
      'research_plan.yaml': TINY_PLAN.replace('workspace: {', 'workspace: { base: work,'),
    });
    lab.git(['branch', 'work']);
    const base = lab.git(['rev-parse', 'work']);
    const rewrite = 'git commit -q --amend -m rewritten && git branch -D work';
    const collect = 'git reflog expire --expire=now --all && git gc -q --prune=now';
    const said = await launchWith(
      lab,
      { when: 'after', record: 1, do: rewrite },
      { when: 'after', type: 'experiment_prepared', do: collect },
    );
    expect(howItEnded(said)).toBe('ended');
    expect((await alertsOf(lab, 'base_moved')).join()).toContain('deleted');
    expect((await notebookOf(lab)).state.nights.get('N-0001')?.base.commit).toBe(base);
    expect(await intact(lab)).toEqual([]);
  });

  test('a lock that the user deletes ends the writing, and the next launch goes on', async () => {
    const lab = aLab();
    const before = checkout(lab);
    const first = await launchWith(lab, {
      when: 'after',
      type: 'run_started',
      do: 'rm data/notebook/lock',
    });
    expect(first).toMatchObject({ code: 1, said: expect.stringContaining('busy') as string });
    expect(first.said).toContain('lock is gone');
    await launchToTheEnd(lab);
    expect(await intact(lab, { checkout: before })).toEqual([]);
  });

  test.each([
    ['deleted', (path: string) => `rm ${path}`],
    ['deleted with its folder', () => 'rm -r data/notebook/journal'],
    ['replaced by an older one', (path: string) => `head -n 3 ${path} > t && mv t ${path}`],
  ])('a journal that is %s is put back, which an alert says', async (_, harm) => {
    const lab = aLab();
    const path = 'data/notebook/journal/000001.ndjson';
    const blow = { when: 'after', type: 'run_started', do: harm(path) } as const;
    expect(howItEnded(await launchWith(lab, blow))).toBe('ended');
    const alerts = (await alertsOf(lab, undefined)).filter((text) => text.includes(path));
    expect(alerts).toEqual([expect.stringMatching(/was (deleted|replaced).* was put back/)]);
    expect(await intact(lab)).toEqual([]);
  });

  test('a notebook that the user deletes ends the writing, and says so', async () => {
    const lab = aLab();
    const blow = { when: 'after', type: 'run_started', do: 'rm -r data/notebook' } as const;
    const { code, said } = await launchWith(lab, blow);
    expect(code).toBe(1);
    expect(said).toMatch(/the notebook .* was deleted or moved away/);
  });

  test('a folder in the place of FINDINGS.md keeps the night from nothing but that file', async () => {
    const lab = aLab();
    const folder = 'rm -f FINDINGS.md; mkdir -p FINDINGS.md/mine';
    const said = await launchWith(lab, { when: 'after', type: 'run_started', do: folder });
    expect(howItEnded(said)).toBe('ended');
    const alerts = (await notebookOf(lab)).events.flatMap((event) =>
      event.type === 'alert' ? [event.text] : [],
    );
    expect(alerts.join()).toMatch(/the reporter failed.*EISDIR.*FINDINGS\.md/);
    lab.write({ 'FINDINGS.md': null });
    await launchToTheEnd(lab);
    expect(await intact(lab)).toEqual([]);
  });
});

describe('after a power loss', () => {
  test('a journal whose middle is damaged is refused by file and line, and goes on without that line', async () => {
    const lab = aLab();
    await launchWith(lab, { when: 'after', type: 'run_ended', nth: 2 });
    const journal = 'data/notebook/journal/000001.ndjson';
    const text = lab.read(journal);
    const lines = text.split('\n');
    const at = lines.findIndex((line) => line.includes('"type":"span"'));
    lab.write({ [journal]: lines.with(at, `${lines[at]?.slice(0, 40)}#`).join('\n') });
    const refused = await launchWith(lab);
    expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('damaged') as string });
    expect(refused.said).toContain(`${journal}:${at + 1}`);
    lab.write({ [journal]: text });
    await launchToTheEnd(lab);
    expect(await intact(lab)).toEqual([]);
  });
});
