import type { Manifest } from './manifest.ts';

/** One thing that is not as it was; null where it was not there. */
export interface Difference {
  readonly what: string;
  readonly was: string | null;
  readonly now: string | null;
}

/** What differs between two attempts by their manifests, in everything that could move a number. */
export function environmentDifferences(was: Manifest, now: Manifest): readonly Difference[] {
  const [before, after] = [factsOf(was), factsOf(now)];
  if (was.packages !== null && now.packages !== null) {
    Object.assign(before, named('package', was.packages.versions));
    Object.assign(after, named('package', now.packages.versions));
  } else {
    // Each of the packages would be new, or gone: one line says as much.
    before['installed packages'] = counted(was.packages);
    after['installed packages'] = counted(now.packages);
  }
  return Object.keys({ ...before, ...after }).flatMap((what) => {
    const [then, here] = [before[what] ?? null, after[what] ?? null];
    return then === here ? [] : [{ what, was: then, now: here }];
  });
}

/** In words that are equal where the things are. */
function factsOf(manifest: Manifest): Record<string, string> {
  const { hardware, versions } = manifest;
  return {
    commit: manifest.commit,
    seed: String(manifest.seed ?? 'none'),
    arguments: JSON.stringify(manifest.arguments),
    directory: manifest.directory,
    timeout: `${manifest.timeout_seconds} s`,
    ...named('variable', manifest.env),
    ...named('variable', Object.fromEntries(manifest.env_names.map((name) => [name, 'set']))),
    ...named('linked', Object.fromEntries(manifest.data.map((data) => [data.path, held(data)]))),
    ...named('lock file', manifest.locks),
    ...named('interpreter', versions.interpreters),
    platform: hardware.platform,
    processor: hardware.cpu,
    cores: String(hardware.cores),
    // As the machine says it in words: a new kernel keeps a few MB more for itself.
    memory: `${Math.round(hardware.memory_mb / 1024)} GB`,
    GPUs: gpus(hardware.gpus.map((gpu) => gpu.name)),
    AutoLab: versions.autolab,
    Node: versions.node,
    git: versions.git ?? 'unknown',
  };
}

const named = (kind: string, values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${kind} ${name}`, value]));

/** `3 files, 120 bytes, SHA-256 0f3a…`: what a linked path held. */
export const held = ({ files, bytes, sha256 }: Manifest['data'][number]): string =>
  files === 0
    ? 'nothing'
    : `${files} ${files === 1 ? 'file' : 'files'}, ${bytes} bytes, SHA-256 ${sha256.slice(0, 12)}…`;

const gpus = (names: readonly string[]): string =>
  names.length === 0
    ? 'none'
    : [...new Set(names)]
        .toSorted()
        .map((name) => `${names.filter((each) => each === name).length} × ${name}`)
        .join(', ');

const counted = (packages: Manifest['packages']): string =>
  packages === null ? 'not known' : `${Object.keys(packages.versions).length}`;
