import { blocksOf } from '../../orchestrator/domain/patch-blocks.ts';
import type { Change } from '../../orchestrator/domain/hypothesis.ts';
import type { Plan } from '../../orchestrator/domain/plan.ts';

/** The names that code is about: what two pieces of it have in common, if anything. */

/** Identifiers of some lines, without what stands in any code. */
export const namesIn = (lines: readonly string[]): ReadonlySet<string> =>
  new Set(
    lines
      .flatMap((line) => line.match(/[\p{L}_$][\p{L}\p{N}_$]+/gu) ?? [])
      .filter((name) => !EVERYWHERE.has(name)),
  );

export const share = (some: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...some].some((name) => others.has(name));

/** What a change is about: names of a patch's changed lines, or the knobs and where they stand. */
export function namesOf(change: Change, searchSpace: Plan['search_space']): ReadonlySet<string> {
  switch (change.kind) {
    case 'none':
    case 'idea':
      return new Set();
    case 'stack':
      return new Set(change.changes.flatMap((one) => [...namesOf(one, searchSpace)]));
    case 'patch':
      return namesIn(blocksOf(change.diff).flatMap(({ removed, added }) => [...removed, ...added]));
    case 'knobs':
      return namesIn(
        Object.keys(change.values).flatMap((name) => {
          const { match, path, arg, env } = searchSpace[name] ?? {};
          return [name, match, path, arg, env].filter((part) => part !== undefined);
        }),
      );
  }
}

/** Of a patch with the unchanged lines that it stands between. */
export const namesAround = (diff: string): ReadonlySet<string> =>
  namesIn(
    diff
      .split('\n')
      .filter((line) => /^[-+ ]/.test(line) && !/^(?:---|\+\+\+) /.test(line))
      .map((line) => line.slice(1)),
  );

/** Words of Python and JavaScript, and names that most training scripts hold in most lines. */
const EVERYWHERE: ReadonlySet<string> = new Set(
  `and as assert async await break case catch class const continue def default del do elif else
  except export extends false False finally for from function global if import in is lambda let
  match new nonlocal None not null of or pass raise return static super switch this throw true True
  try typeof undefined var void while with yield self cls init forward call
  int float str bool list dict set tuple len range print max min sum abs math Math Number
  torch nn functional np numpy jax jnp tf optim args config cfg opt params hparams value`.split(
    /\s+/,
  ),
);
