import { expect, test } from 'vitest';
import { planMeaning, planSchema } from '../../orchestrator/domain/plan.ts';
import { environmentDifferences } from '../../workers/compare-environment.ts';
import { planFrom, planPart } from '../../workers/manifest-plan.ts';
import { manifestSchema, type Manifest } from '../../workers/manifest.ts';

const plan = planSchema.parse({
  project: 'test',
  question: 'Does it work?',
  objective: { metric: 'val loss', direction: 'maximize', at: 'best' },
  workspace: { directory: 'lab', editable: ['train.py', 'src/**'], link: ['data', '.venv'] },
  run: {
    ...{ setup: 'make data', command: 'python train.py | tee log', shell: true, timeout: '1h30m' },
    ...{ seed: { file: 'train.py', match: 'seed = {value}' }, keep: ['*.pt'] },
    ...{ env: { OMP_NUM_THREADS: '1' }, env_from: ['HF_TOKEN'] },
  },
  compute: { gpus_per_run: 2 },
});

const GPU = { index: 0, name: 'NVIDIA H100', memory_mb: 80_000 };
const aManifest = (extra: Partial<Manifest> = {}): Manifest => ({
  ...{ version: 1, run: 'E-0007.2', experiment: 'E-0007', attempt: 1, slot: 1, seed: 2 },
  ...{ commit: 'a'.repeat(40), base: 'b'.repeat(40), command: plan.run.command },
  ...{ arguments: ['/bin/sh', '-c', plan.run.command], directory: 'lab', timeout_seconds: 5400 },
  ...{ env: { OMP_NUM_THREADS: '1' }, env_names: ['HF_TOKEN'], gpus: [0], environment_key: 'k' },
  hardware: { platform: 'linux x64', cpu: 'EPYC', cores: 16, memory_mb: 65_000, gpus: [GPU, GPU] },
  versions: { autolab: '0.1.0', node: 'v20', git: '2.43', interpreters: { python: 'Python 3.11' } },
  packages: { source: '/lab/.venv/bin/python', versions: { numpy: '1.26', torch: '2.4' } },
  locks: { 'uv.lock': 'cd' },
  data: [{ path: 'data', files: 1, bytes: 3, sha256: 'ef'.repeat(32) }],
  ended: { exit_code: 0, signal: null, processes_left_behind: 0 },
  ...{ peak_memory_mb: 12.5, plan: planPart(plan), remarks: [] },
  outcome: {
    objective: 'NaN',
    failure: { class: 'not_a_number', message: 'expected a number' },
    summary: { 'val loss': 'NaN' },
  },
  ...extra,
});

test('the plan that a manifest gives back means what the night’s plan meant', () => {
  const written = manifestSchema.parse(JSON.parse(JSON.stringify(aManifest())));
  const read = planFrom(written, 'manifest.json');
  expect(read && planMeaning(read)).toBe(planMeaning(plan));
  expect(read?.compute).toEqual(plan.compute);
});

test('a manifest without a plan, as older ones, gives none back; a broken one is refused by key', () => {
  expect(planFrom(aManifest({ plan: undefined }), 'manifest.json')).toBeNull();
  const part = planPart(plan);
  const broken = aManifest({ plan: part && { ...part, link: ['../../etc'] } });
  expect(() => planFrom(broken, 'manifest.json')).toThrow(
    /manifest\.json: plan\.workspace\.link\.0: expected a path inside the repository/,
  );
});

test('equal environments have no differences, whatever the slot, the memory used and the node’s MBs', () => {
  const again = aManifest({ slot: 1007, peak_memory_mb: 13 });
  const { hardware } = again;
  const now = { ...again, hardware: { ...hardware, memory_mb: hardware.memory_mb - 20 } };
  expect(environmentDifferences(aManifest(), now)).toEqual([]);
});

test('each difference is named once, with what was and what is', () => {
  const was = aManifest();
  const now = aManifest({
    env_names: [],
    locks: { 'uv.lock': 'ce', 'requirements.txt': 'ab' },
    packages: { source: '/elsewhere/python', versions: { numpy: '2.0', pip: '24' } },
    data: [{ path: 'data', files: 0, bytes: 0, sha256: '00' }],
    versions: { ...was.versions, git: null, interpreters: { python: 'Python 3.12' } },
    hardware: { ...was.hardware, cpu: 'Xeon', gpus: [GPU] },
  });
  expect(environmentDifferences(was, now)).toEqual([
    { what: 'variable HF_TOKEN', was: 'set', now: null },
    { what: 'linked data', was: '1 file, 3 bytes, SHA-256 efefefefefef…', now: 'nothing' },
    { what: 'lock file uv.lock', was: 'cd', now: 'ce' },
    { what: 'interpreter python', was: 'Python 3.11', now: 'Python 3.12' },
    { what: 'processor', was: 'EPYC', now: 'Xeon' },
    { what: 'GPUs', was: '2 × NVIDIA H100', now: '1 × NVIDIA H100' },
    { what: 'git', was: '2.43', now: 'unknown' },
    { what: 'package numpy', was: '1.26', now: '2.0' },
    { what: 'package torch', was: '2.4', now: null },
    { what: 'lock file requirements.txt', was: null, now: 'ab' },
    { what: 'package pip', was: null, now: '24' },
  ]);
});

test('where packages are known on one side only, that is one difference', () => {
  expect(environmentDifferences(aManifest(), aManifest({ packages: null }))).toEqual([
    { what: 'installed packages', was: '2', now: 'not known' },
  ]);
});
