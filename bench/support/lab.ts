import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeRepo } from '../../test/support/repo.ts';

/** A real lab in a temporary folder, with a home and a cache of its own. */
export interface BenchLab {
  readonly root: string;
  /** The temporary folder around it. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  git(args: readonly string[], cwd?: string): string;
  remove(): void;
}

const open = new Set<string>();
process.on('exit', () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
});

/** `cache`: a folder that several labs share, as one user's labs do; else the lab's own. */
export function makeBenchLab(files: Readonly<Record<string, string>>, cache?: string): BenchLab {
  const repo = makeRepo({ files: { '.gitignore': 'out/\n', ...files } });
  open.add(repo.folder);
  return {
    root: repo.root,
    folder: repo.folder,
    env: {
      ...repo.env,
      HOME: join(repo.folder, 'home'),
      XDG_CACHE_HOME: cache ?? join(repo.folder, 'cache'),
      NO_COLOR: '1',
    },
    git: (args, cwd) => repo.git(args, cwd),
    remove() {
      repo.remove();
      open.delete(repo.folder);
    },
  };
}

/** Knobs of ten values each, as the plan's search_space says them; `line` is a knob's line in `file`. */
interface Knobs {
  readonly yaml: string;
  readonly lines: readonly string[];
  readonly names: readonly string[];
}

/** As many knobs as `candidates` changes of one knob need, all at 0. */
function knobsFor(candidates: number, file: string): Knobs {
  const names = Array.from({ length: Math.ceil(candidates / 10) }, (_, i) => `K${i + 1}`);
  const values = Array.from({ length: 11 }, (_, value) => value).join(', ');
  return {
    names,
    lines: names.map((name) => `${name}=0`),
    yaml: names
      .map((name) => `  ${name}: { file: ${file}, match: '${name}={value}', values: [${values}] }`)
      .join('\n'),
  };
}

/** A shell script that says one number: 1000 and the seed, and 10 more for each step of a knob. */
export function shellLab(candidates: number, before = ''): Readonly<Record<string, string>> {
  const { names, lines, yaml } = knobsFor(candidates, 'train.sh');
  const worse = names.map((name) => `${name}*10`).join('+');
  return {
    'train.sh': `${lines.join('\n')}\n${before}echo "loss: $((1000+SEED%3+${worse}))"\n`,
    'research_plan.yaml': `project: bench
question: What does a night cost?
objective: { metric: loss, direction: minimize, min_effect: 1 }
workspace: { editable: [train.sh] }
run: { command: sh train.sh, timeout: 60s, seed: { env: SEED } }
search_space:
${yaml}
budget: { experiments: ${candidates}, parallel: 2 }
`,
  };
}
