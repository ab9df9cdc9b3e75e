import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { quoteArgument } from '../../domain/command.ts';
import { folderOf, joined, languageOf, nameOf, quotedTexts, type Source } from './source.ts';

/** What a run needs around its script: where it runs, what runs it, what git does not hold. */

/** Absolute path of the top level, and the paths that base tracks. */
export interface Checkout {
  readonly root: string;
  readonly files: readonly string[];
}

const isTracked = ({ files }: Checkout, path: string): boolean =>
  files.some((file) => file === path || file.startsWith(`${path}/`));

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * The folder a script runs in, from the top: its own where only there the paths it names exist,
 * else the top.
 */
export async function directoryOf(checkout: Checkout, script: Source): Promise<string> {
  const own = folderOf(script.path);
  if (own === '') return '';
  const named = [...new Set(quotedTexts(script.text))].filter(isPath).slice(0, 100);
  let here = 0;
  let above = 0;
  for (const path of named) {
    if (await exists(join(checkout.root, own, path))) here += 1;
    if (await exists(join(checkout.root, path))) above += 1;
  }
  return here > above ? own : '';
}

const isPath = (text: string): boolean =>
  /^(?:\.\/)?[\w-][\w ./-]*$/.test(text) && !text.split('/').includes('..') && /[./]/.test(text);

/** A script that asks for its rank without a default runs under torchrun only. */
const DISTRIBUTED = /environ\[["'](?:LOCAL_RANK|RANK|WORLD_SIZE)["']\]/;

/** It looks first whether it is one of many. */
const ALONE_TOO =
  /environ\.get\(\s*["'](?:LOCAL_RANK|RANK|WORLD_SIZE)|["'](?:LOCAL_RANK|RANK|WORLD_SIZE)["']\s+in\s+os\.environ/;

const environmentsOf = (directory: string): string[] =>
  [...new Set([directory, ''])].flatMap((folder) =>
    ['.venv', 'venv', 'env'].map((name) => joined(folder, name)),
  );

/** The command, and the environment it needs from the checkout (paths from the top). */
export async function commandFor(
  checkout: Checkout,
  { path, text }: Source,
  directory: string,
): Promise<{ readonly command: string; readonly link: readonly string[] }> {
  const script = quoteArgument(relative(`/${directory}`, `/${path}`));
  switch (languageOf(path)) {
    case 'python': {
      const program =
        DISTRIBUTED.test(text) && !ALONE_TOO.test(text)
          ? 'torchrun --standalone --nproc_per_node=1'
          : null;
      for (const environment of environmentsOf(directory)) {
        if (isTracked(checkout, environment)) continue;
        if (!(await exists(join(checkout.root, environment, 'bin/python')))) continue;
        const bin = relative(`/${directory}`, `/${environment}/bin`);
        return { command: `${bin}/${program ?? 'python'} ${script}`, link: [environment] };
      }
      return { command: `${program ?? 'python3'} ${script}`, link: [] };
    }
    case 'javascript': {
      const modules = [...new Set([directory, ''])].map((folder) => joined(folder, 'node_modules'));
      const there: string[] = [];
      for (const folder of modules)
        if (!isTracked(checkout, folder) && (await exists(join(checkout.root, folder))))
          there.push(folder);
      return { command: `node ${script}`, link: there };
    }
    case 'shell':
      return { command: `bash ${script}`, link: [] };
    case 'other':
      return { command: `${/\.r$/i.test(path) ? 'Rscript' : 'julia'} ${script}`, link: [] };
  }
}

const DATA_FOLDER =
  /^(?:data(?:sets?)?|dataset|corpus|corpora|inputs?|images|audio|tokens|pretrained|embeddings)$/i;
/** What runs write: linked read-only, each of them would be invalid. Ours never. */
const OUTPUT =
  /^(?:outs?|outputs?|runs?|results?|logs?|wandb|checkpoints?|ckpts?|models?|saved?|tmp|temp|\.?cache|__pycache__|mlruns|lightning_logs|experiments|notebook|build|dist|figures|plots|FINDINGS\.md)$/i;
const DATA_FILE =
  /\.(?:bin|npy|npz|csv|tsv|txt|jsonl?|parquet|arrow|feather|h5|hdf5|pkl|pickle|pt|safetensors|gz|zst|zip|tar|db|sqlite|idx|mmap|wav|bpe|model)$/i;
const MOST_LINKS = 30;
const DEEPEST = 4;

/**
 * Data that git does not hold and a worktree would lack, from the top: folders named as data are,
 * and what the script names. `data` itself holds our notebook: what lies in it is named instead.
 */
export async function dataLinks(
  checkout: Checkout,
  mentions: readonly string[],
  directory: string,
): Promise<readonly string[]> {
  const named = mentions
    .filter((text) => /^(?:\.\/)?[\w-][\w ./-]*$/.test(text) && !text.split('/').includes('..'))
    .map((text) => text.replace(/^\.\//, '').replace(/\/+$/, ''));
  const found = new Set<string>();
  for (const folder of new Set(['', directory])) {
    const entries = await readdir(join(checkout.root, folder)).catch(() => []);
    for (const entry of entries.toSorted()) {
      if (OUTPUT.test(entry) || entry.startsWith('.')) continue;
      const mentioned = named.some((path) => path === entry || path.startsWith(`${entry}/`));
      const path = joined(folder, entry);
      if (DATA_FOLDER.test(entry) || (mentioned && !entry.endsWith('.py')))
        for (const one of await untracked(checkout, path, mentioned, 0)) found.add(one);
    }
  }
  return [...found].slice(0, MOST_LINKS);
}

/** `path` where git tracks nothing of it, else what in it is untracked and looks like data. */
async function untracked(
  checkout: Checkout,
  path: string,
  mentioned: boolean,
  depth: number,
): Promise<string[]> {
  const place = join(checkout.root, path);
  const folder = (await stat(place).catch(() => null))?.isDirectory() ?? false;
  if (!folder) {
    const looks = mentioned && depth === 0 ? true : DATA_FILE.test(path);
    return looks && !isTracked(checkout, path) ? [path] : [];
  }
  if (!isTracked(checkout, path) && path !== 'data') return [path];
  if (depth >= DEEPEST) return [];
  const entries = (await readdir(place)).toSorted();
  const inside = entries.filter((entry) => !OUTPUT.test(entry) && !entry.startsWith('.'));
  const below = await Promise.all(
    inside.map((entry) => untracked(checkout, `${path}/${entry}`, mentioned, depth + 1)),
  );
  return below.flat();
}

/** A tracked script beside this one that prepares data, for the comment on `setup`. */
export const preparation = ({ files }: Checkout, script: string): string | null =>
  files.find(
    (file) => folderOf(file) === folderOf(script) && /^prepare\.\w+$/.test(nameOf(file)),
  ) ?? null;
