import type { Param } from '../orchestrator/domain/run.ts';
import type { Scalar } from './literal.ts';

export interface ParamSources {
  /** Knobs as the experiment sets them. */
  readonly knobs: Readonly<Record<string, string>>;
  /** The command's words, program first. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What the script gave to a logger as its configuration. */
  readonly logged?: ReadonlyMap<string, Scalar>;
  /** The configuration that the script printed. */
  readonly printed: ReadonlyMap<string, Scalar>;
}

/**
 * What a run was configured with, one row per key: where two sources name the same key, knob goes
 * before argument, argument before environment, environment before what was logged, and that
 * before what was printed.
 */
export function paramsOf(sources: ParamSources): readonly Param[] {
  const params = new Map<string, Param>();
  const add = (source: Param['source'], entries: Iterable<readonly [string, string]>): void => {
    for (const [key, value] of entries) {
      if (!params.has(key)) params.set(key, { key, value, type: typeOf(value), source });
    }
  };
  add('knob', Object.entries(sources.knobs));
  add('argument', argumentsIn(sources.words));
  add('environment', Object.entries(sources.env));
  const said = (values: ReadonlyMap<string, Scalar>) =>
    [...values].map(([key, value]) => [key, String(value)] as const);
  add('logged', said(sources.logged ?? new Map()));
  add('printed', said(sources.printed));
  return [...params.values()];
}

/** `--lr 0.1`, `--lr=0.1`, `-n 5`, `model.depth=4`; a flag without a value is `true`. */
export function argumentsIn(words: readonly string[]): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (let i = 1; i < words.length; i++) {
    const word = words[i] as string;
    const assigned = /^(?:--?|\+{0,2}|~)([A-Za-z_][\w./@-]*)=(.*)$/s.exec(word);
    const flag = /^--?([A-Za-z_][\w.-]*)$/.exec(word);
    if (assigned !== null) found.push([assigned[1] as string, assigned[2] as string]);
    // `-m` names what is run, of which the rest are arguments.
    else if (flag !== null && word !== '-m') {
      const next = words[i + 1];
      const valued =
        next !== undefined && !/^-{1,2}[A-Za-z]/.test(next) && !/^[A-Za-z_][\w.]*=/.test(next);
      found.push([flag[1] as string, valued ? next : 'true']);
      if (valued) i++;
    }
  }
  return found;
}

const typeOf = (value: string): Param['type'] => {
  if (/^(?:true|false)$/i.test(value)) return 'boolean';
  return value.trim() !== '' &&
    (Number.isFinite(Number(value)) || /^[-+]?(?:nan|inf(?:inity)?)$/i.test(value))
    ? 'number'
    : 'text';
};
