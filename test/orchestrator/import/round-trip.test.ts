import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Origin } from '../../../orchestrator/domain/origin.ts';
import { exportRun } from '../../../orchestrator/lab/export.ts';
import { importFiles } from '../../../orchestrator/lab/import/import.ts';
import { readLab } from '../../../orchestrator/lab/lab.ts';
import { readNoticing, takeInWhatWaits } from '../../../orchestrator/lab/own/reading.ts';
import { autolab, makeLab, PLAN, type FixtureLab } from '../../support/lab.ts';

/** Runs on their way between labs and from other tools, through files alone. */

const labs: FixtureLab[] = [];
afterEach(() => {
  for (const lab of labs.splice(0)) lab.remove();
});

const SHORT = PLAN.replace('experiments: 6, runs: 24', 'experiments: 1, runs: 5');
function aLab(files: Readonly<Record<string, string>> = {}): FixtureLab {
  const lab = makeLab({ 'research_plan.yaml': SHORT, ...files });
  labs.push(lab);
  return lab;
}

const NO_ROLES = { metrics: [], params: [] };
async function imported(lab: FixtureLab, ...files: readonly string[]) {
  const { lab: opened, state } = await readNoticing(lab.root);
  const found = await importFiles(opened, state, files, NO_ROLES);
  const now = await readNoticing(lab.root);
  expect(await takeInWhatWaits(now, 1)).toEqual([]);
  return { ...found, lab: opened, state: now.state };
}

async function exported(lab: FixtureLab, id: string, name: string): Promise<string> {
  const here = await readNoticing(lab.root);
  await takeInWhatWaits(here, 1);
  const { lab: opened, state } = here;
  const { archive } = await exportRun(opened, state, id, join(lab.folder, name));
  return archive;
}

/** What an archive says, but for the names that are each lab's own. */
function originIn(archive: string): Omit<Origin, 'id' | 'experiment'> {
  const text = execFileSync('tar', ['-xzOf', archive, 'origin.json'], { encoding: 'utf8' });
  const { id: _, experiment: __, ...origin } = JSON.parse(text) as Origin;
  return origin;
}

const rowsOf = async (lab: FixtureLab, sql: string) =>
  (await (await readLab(lab.root)).notebook.query(sql)).rows;
const points = (lab: FixtureLab, run: string) =>
  rowsOf(lab, `SELECT key, step, time, value FROM metrics WHERE run_id = '${run}' ORDER BY ALL`);
const samples = (lab: FixtureLab, run: string) =>
  rowsOf(lab, `SELECT * EXCLUDE run_id FROM samples WHERE run_id = '${run}' ORDER BY ALL`);

/** Logs what a training logs: numbers, some not finite, words, predictions, a checkpoint. */
const LOGGING = `import { mkdirSync, appendFileSync, writeFileSync } from 'node:fs';
const dir = process.env.AUTOLAB_RUN_DIR;
const say = (file, value) => appendFileSync(dir + '/' + file, JSON.stringify(value) + '\\n');
for (let step = 1; step <= 3; step++) say('metrics.jsonl', { step, val_loss: 1 / step, 'task/acc': step / 3 });
appendFileSync(dir + '/metrics.jsonl', '{"step": 4, "gap": NaN, "far": -Infinity}\\n');
say('logged.jsonl', { type: 'config', values: { lr: 0.1, 'a "b"': 'x\\ny 🙂' }, time: 1 });
say('logged.jsonl', { type: 'text', values: { phase: 'late' }, time: 2 });
say('logged.jsonl', { type: 'finding', text: 'It \\u0007 learns.', time: 3 });
say('logged.jsonl', { type: 'tag', tags: ['good'], time: 4 });
say('samples.jsonl', { task: 't', id: '1', input: 'a\\n"b"', target: 'x', prediction: 'y', metrics: { ok: 0 } });
mkdirSync(dir + '/artifacts', { recursive: true });
writeFileSync(dir + '/artifacts/model.bin', 'weights');
`;

/** A lab that ran LOGGING, and its archive; nobody changes either. */
let here: FixtureLab;
let archive = '';
beforeAll(async () => {
  here = makeLab({ 'log.mjs': LOGGING });
  await autolab(here, 'run', '--name', 'by "hand"', '--', 'node', 'log.mjs');
  archive = await exported(here, 'R-0001', 'a.tar.gz');
});
afterAll(() => here.remove());

describe('a run that is exported', () => {
  test('of one’s own reads back to equality in another lab, and again from there', async () => {
    const there = aLab();
    const { imported: runs, remarks } = await imported(there, archive);
    expect(runs).toMatchObject([{ run: 'R-0001', id: 'R-0001' }]);
    expect(remarks).toEqual([]);
    expect(await points(there, 'R-0001')).toEqual(await points(here, 'R-0001'));
    expect(await points(there, 'R-0001')).toHaveLength(8);
    expect(await samples(there, 'R-0001')).toEqual(await samples(here, 'R-0001'));
    expect(await samples(there, 'R-0001')).toHaveLength(1);
    expect(there.read('experiments/R-0001/artifacts/model.bin')).toBe('weights');
    const again = await exported(there, 'R-0001', 'b.tar.gz');
    expect(originIn(again)).toEqual(originIn(archive));
    expect(originIn(archive)).toMatchObject({
      start: { name: 'by "hand"', command: ['node', 'log.mjs'] },
      end: { status: 'finished', metric: 'val_loss', objective: 1 / 3 },
      logged: { findings: ['It \u0007 learns.'], tags: ['good'] },
    });
    // The same is not brought in twice.
    expect(await imported(there, archive)).toMatchObject({
      imported: [],
      known: [{ run: 'R-0001' }],
    });
  });

  // A launch, for what runs of one's own show as well.
  test.runIf(process.env['FULL'])(
    'of a night keeps its tier, its parameters and where it came from',
    async () => {
      const [slept, there] = [aLab(), aLab()];
      expect((await autolab(slept, 'launch')).code).toBe(0);
      await expect(exported(slept, 'E-0001', 'e.tar.gz')).rejects.toThrow('E-0001.1');
      const night = join(slept.folder, 'e.tar.gz');
      const { code, stdout } = await autolab(slept, 'export', 'E-0001.1', '--output', night);
      expect([code, stdout]).toEqual([0, expect.stringContaining(`E-0001.1 is in ${night}`)]);
      await imported(there, night);
      expect(await points(there, 'R-0001')).toEqual(await points(slept, 'E-0001.1'));
      const [a] = await rowsOf(slept, "FROM runs WHERE id = 'E-0001.1'");
      const [b] = await rowsOf(there, "FROM runs WHERE id = 'R-0001'");
      const same = [
        'name',
        'status',
        'objective',
        'tier',
        'seconds',
        'started',
        'commit',
        'exit_code',
        'command',
      ];
      for (const key of same) expect(b, key).toHaveProperty(key, (a as never)[key]);
      expect(b).toMatchObject({ imported_id: 'E-0001.1', experiment: null, source: 'import' });
      expect(originIn(await exported(there, 'R-0001', 'f.tar.gz'))).toEqual(originIn(night));
    },
  );

  test('is refused where an archive lies, while it runs, and where it is none', async () => {
    await expect(exported(here, 'R-0001', 'a.tar.gz')).rejects.toThrow(/found one.*--output/);
    await expect(exported(here, 'R-0002', 'b.tar.gz')).rejects.toThrow(/found R-0002/);
    const bytes = readFileSync(archive);
    const broken = join(here.folder, 'broken.tar.gz');
    writeFileSync(broken, bytes.subarray(0, bytes.length / 2));
    await expect(imported(here, archive, broken)).rejects.toThrow(
      /broken\.tar\.gz: expected an archive/,
    );
    expect(
      readdirSync(join(here.root, 'experiments')).filter((name) => name.startsWith('R-')),
    ).toEqual(['R-0001']);
  });
});

describe('an archive that somebody made', () => {
  test('may neither write outside of its run nor bring links, nor an artifact that is another', async () => {
    const lab = aLab();
    const folder = join(lab.folder, 'evil');
    mkdirSync(folder);
    execFileSync('tar', ['-xzf', archive, '-C', folder]);
    symlinkSync('/etc/passwd', join(folder, 'artifacts/link'));
    writeFileSync(join(folder, 'start.json'), '{}');
    writeFileSync(join(lab.folder, 'escaped'), 'x');
    const origin = JSON.parse(readFileSync(join(folder, 'origin.json'), 'utf8')) as object;
    const packed = (name: string, change: object): string => {
      writeFileSync(join(folder, 'origin.json'), JSON.stringify({ ...origin, ...change }));
      const file = join(lab.folder, name);
      execFileSync('tar', [
        '-czPf',
        file,
        '-C',
        folder,
        'origin.json',
        'artifacts',
        'start.json',
        '../escaped',
      ]);
      return file;
    };
    writeFileSync(join(lab.folder, 'escaped'), 'x');
    const { imported: runs, remarks } = await imported(lab, packed('b.tar.gz', { id: 'other' }));
    const [{ run = '' } = {}] = runs;
    expect(lab.read(`experiments/${run}/start.json`)).toContain('"source": "import"');
    expect(readdirSync(join(lab.root, `experiments/${run}/artifacts`))).toEqual(['model.bin']);
    expect(remarks.join('\n')).toMatch(/artifacts\/link was left out/);
    writeFileSync(join(folder, 'artifacts/model.bin'), 'others');
    await expect(imported(lab, packed('c.tar.gz', { id: 'third' }))).rejects.toThrow(
      /expected artifact model\.bin with SHA-256/,
    );
    await expect(imported(lab, packed('d.tar.gz', { end: {} }))).rejects.toThrow(
      /origin\.json: end/,
    );
  });
});

describe('what other tools recorded', () => {
  test('is in the notebook when import returns: numbers, words, samples, failures, links', async () => {
    const lab = aLab();
    lab.write({
      '../results.tsv':
        'commit\tval_loss\tstatus\tdescription\turl\na1\t0.5\tkeep\tfirst\thttps://x.y/1\nb2\t0\tcrash\tOOM\t\n',
      '../results_1.json': JSON.stringify({
        results: { gsm8k: { 'exact_match,none': 0.5 } },
        ...{ config: { model: 'hf' }, date: 1706695200, model_name: 'x/y' },
      }),
      '../samples_gsm8k_1.jsonl': `${JSON.stringify({ doc_id: 0, target: '5', filtered_resps: ['4'], arguments: [['Q', {}]], exact_match: 0 })}\nnothing\n`,
    });
    const { stdout, code } = await autolab(lab, 'import', '../results.tsv', '../results_1.json');
    expect(code).toBe(0);
    expect(stdout).toMatch(/R-0001 +a1 .*\n.*b2 .*\n.*R-0003/);
    expect(stdout).toContain('samples_gsm8k_1.jsonl: one line holds no sample');
    const rows = await rowsOf(
      lab,
      'SELECT id, name, status, objective, links, seconds, failure_message FROM runs ORDER BY id',
    );
    expect(rows).toEqual([
      {
        id: 'R-0001',
        name: 'first',
        status: 'finished',
        objective: 0.5,
        links: ['https://x.y/1'],
        seconds: null,
        failure_message: null,
      },
      {
        id: 'R-0002',
        name: 'OOM',
        status: 'failed',
        objective: null,
        links: [],
        seconds: null,
        failure_message: 'crash',
      },
      {
        id: 'R-0003',
        name: 'x/y',
        status: 'finished',
        objective: null,
        links: [],
        seconds: null,
        failure_message: null,
      },
    ]);
    expect(await samples(lab, 'R-0003')).toMatchObject([
      { task: 'gsm8k', input: 'Q', prediction: '4' },
    ]);
    // Samples of the same name are others where they say otherwise; the same are the same.
    lab.write({
      '../b/samples_gsm8k_1.jsonl': `${JSON.stringify({ doc_id: 0, filtered_resps: ['5'] })}\n`,
    });
    const files = ['samples_gsm8k_1.jsonl', 'b/samples_gsm8k_1.jsonl', 'b/samples_gsm8k_1.jsonl'];
    const found = await imported(lab, ...files.map((file) => join(lab.folder, file)));
    expect([found.imported.length, found.known.length]).toEqual([2, 1]);
    const shown = (await autolab(lab, 'show', 'R-0001')).stdout;
    expect(shown).toContain('a1 of results.tsv');
    expect(shown).toContain('https://x.y/1');
  });
});
