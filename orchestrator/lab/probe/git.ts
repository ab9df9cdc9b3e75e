import { execa } from 'execa';
import { bad, odd, ok, type Probe } from './probe.ts';

/** `rev-parse --end-of-options` and what stands beside it. */
const LEAST: Version = [2, 30];
/** `merge-tree --write-tree`, by which promote merges where base moved on. */
const FOR_MERGES: Version = [2, 38];
const PATIENCE_MS = 10_000;

type Version = readonly [major: number, minor: number];

/** The git that AutoLab calls. */
export async function gitProbe(): Promise<Probe> {
  const { stdout, failed } = await execa('git', ['--version'], {
    ...{ reject: false, timeout: PATIENCE_MS, stdin: 'ignore' },
  });
  return judgeGit(failed ? null : stdout);
}

/** What `git --version` answered; null where it did not. */
export function judgeGit(answer: string | null): Probe {
  if (answer === null) return bad('git', 'expected git on your PATH, found none that answers');
  const shown = answer.replace(/^git version /, '').trim();
  const [, major, minor] = /(\d+)\.(\d+)/.exec(shown) ?? [];
  if (major === undefined) return odd('git', `expected a version, found: ${shown}`);
  const found: Version = [Number(major), Number(minor)];
  if (older(found, LEAST))
    return bad('git', `expected git ${LEAST.join('.')} or newer, found ${shown}: update git`);
  if (older(found, FOR_MERGES))
    return odd(
      'git',
      `${shown}: nights run with it; promote needs ${FOR_MERGES.join('.')} where base moved on meanwhile`,
    );
  return ok('git', shown);
}

const older = (a: Version, b: Version): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
