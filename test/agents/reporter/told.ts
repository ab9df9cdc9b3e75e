import { mean, spread, stated, welch } from '../../../orchestrator/statistics/compare.ts';
import { moderate } from '../../../orchestrator/statistics/moderate.ts';
import { nightContrast } from '../../../orchestrator/statistics/verdict.ts';
import type { Cell, Tables } from './notebook.ts';

/** Nights as a notebook holds them, described by what was tried and what each seed gave. */

export interface Tried {
  readonly id: string;
  readonly title?: string;
  readonly because?: string;
  readonly source?: string;
  readonly change?: Readonly<Record<string, string>>;
  readonly parent?: string;
  /** Of the night's seeds 1, 2, 3…; NaN is kept as a failed run. */
  readonly values: readonly number[];
  readonly dawn?: readonly number[];
  readonly verdict?: string | null;
  readonly because_of?: string;
  readonly confirmed?: boolean;
  readonly stack?: string;
  readonly fails?: {
    readonly class: string;
    readonly message: string;
    readonly traceback?: string;
  };
  /** The last of its values is of a run that pruning would end, and did unless it was audited. */
  readonly prunes?: { readonly because: string; readonly audited: boolean };
  readonly seconds?: number;
  readonly memory?: number;
  /** Training loss by step. */
  readonly curve?: (step: number, seed: number) => number;
  readonly artifacts?: readonly string[];
  readonly flag?: { readonly label: string; readonly because: string };
  /** Cells of its row that nothing above says: confidence, attribution, what it applies again. */
  readonly row?: Readonly<Record<string, Cell>>;
}

export interface Told {
  readonly night?: Readonly<Record<string, Cell>>;
  readonly tried: readonly Tried[];
  readonly rejected?: readonly string[];
  readonly waiting?: number;
  readonly plan?: unknown;
  readonly earlier?: readonly Readonly<Record<string, Cell>>[];
  readonly metric?: string;
  /** Rows of notes, decisions and tags. */
  readonly words?: Tables;
}

const at = (minute: number): string =>
  new Date(Date.UTC(2026, 10, 20, 22, 4) + minute * 60_000).toISOString().replace('Z', '');
const order = (id: string): number => Number(id.slice(2));

/** The first of `tried` is the baseline. Statistics by the real rules. */
export function told({
  night = {},
  tried,
  rejected = [],
  waiting = 0,
  plan = {},
  earlier = [],
  metric = 'val_bpb',
  words = {},
}: Told): Tables {
  const N = 'N-0002';
  const base = tried[0]?.id ?? null;
  const finite = (one: Tried | undefined) =>
    one?.fails || one?.prunes?.audited === false
      ? []
      : [...(one?.values ?? []), ...(one?.dawn ?? [])].filter(Number.isFinite);
  const of = (id: string | null | undefined) => tried.find((one) => one.id === id);
  const moderation = moderate(tried.map(finite));
  const asArm = (values: readonly number[]) =>
    values.map((value, i) => ({ run: `E-0000.${i + 1}` as const, seed: i + 1, value }));
  const tables: Record<string, Record<string, Cell>[]> = {
    experiments: [],
    runs: [],
    summary: [],
    params: [],
    metrics: [],
    artifacts: [],
    spans: [],
    flags: [],
    hypotheses: [],
  };
  const settings = (one: Tried | undefined): Record<string, string> =>
    one === undefined
      ? {}
      : {
          ...(one.id === base
            ? { learning_rate: '0.01', width: '32', dropout: '0' }
            : settings(of(one.parent ?? base))),
          ...one.change,
        };

  for (const one of tried) {
    const isBase = one.id === base;
    const parent = isBase ? null : (one.parent ?? base);
    const arm = finite(one);
    const [onBase, onParent] =
      arm.length === 0 || isBase || finite(of(base)).length === 0
        ? [null, null]
        : [
            nightContrast(asArm(arm), asArm(finite(of(base))), moderation),
            nightContrast(asArm(arm), asArm(finite(of(parent))), moderation),
          ];
    const dawn =
      one.confirmed === undefined || isBase
        ? null
        : stated(one.dawn ?? [], of(base)?.dawn ?? [], welch(one.dawn ?? [], of(base)?.dawn ?? []));
    tables['experiments']?.push({
      id: one.id,
      night: order(one.id) === 0 ? 'N-0001' : N,
      hypothesis: isBase ? null : `H-${one.id.slice(2)}`,
      source: isBase ? 'baseline' : (one.source ?? 'search_space'),
      line: Object.keys(one.change ?? { baseline: '' })[0],
      title:
        one.title ??
        `try ${Object.entries(one.change ?? {})
          .map(([k, v]) => `${k} ${v}`)
          .join()}`,
      because: one.because ?? 'neighbouring values have not been tried',
      change: JSON.stringify(one.change ?? {}),
      parent,
      baseline: base,
      commit: `c0ffee${one.id.slice(2)}aa`.padEnd(40, '0'),
      branch: `autolab/${one.id}`,
      verdict: isBase ? null : one.verdict === undefined ? 'inconclusive' : one.verdict,
      verdict_because: isBase
        ? null
        : (one.because_of ??
          (one.fails
            ? `${one.fails.class}: ${one.fails.message}`
            : `${arm.length} seeds did not settle it: the 95% interval includes no effect`)),
      rule: 'screen-replicate-dawn/1',
      tier: 'self_reported',
      objective: arm.length ? mean(arm) : null,
      spread: spread(arm),
      n: arm.length,
      effect: onBase?.effect,
      interval_low: onBase?.interval?.[0],
      interval_high: onBase?.interval?.[1],
      effect_on_parent: onParent?.effect,
      parent_interval_low: onParent?.interval?.[0],
      parent_interval_high: onParent?.interval?.[1],
      stack: one.stack,
      dawn_confirmed: isBase ? null : one.confirmed,
      dawn_n: dawn ? one.dawn?.length : null,
      dawn_n_baseline: dawn ? of(base)?.dawn?.length : null,
      dawn_objective: dawn ? mean(one.dawn ?? []) : null,
      dawn_baseline: dawn ? mean(of(base)?.dawn ?? []) : null,
      dawn_effect: dawn?.effect,
      dawn_low: dawn?.interval?.[0],
      dawn_high: dawn?.interval?.[1],
      dawn_test: dawn ? 'welch' : null,
      dawn_values: dawn ? one.dawn : null,
      failure_class: null,
      failure: null,
      tags: [],
      flags: one.flag ? [one.flag.label] : [],
      opened: at(order(one.id)),
      ...one.row,
    });
    const all = [
      ...one.values.map((value, i) => ({
        value,
        seed: i + 1,
        purpose: isBase ? 'baseline' : i === 0 ? 'screen' : 'replicate',
      })),
      ...(one.dawn ?? []).map((value, i) => ({ value, seed: 102_001 + i, purpose: 'dawn' })),
    ];
    all.forEach(({ value, seed, purpose }, i) => {
      const run = `${one.id}.${i + 1}`;
      const prunes = i === all.length - 1 ? one.prunes : undefined;
      const ended = prunes?.audited === false;
      const good = Number.isFinite(value) && !one.fails && !ended;
      const seconds = (one.seconds ?? 5.8) + i / 10;
      tables['runs']?.push({
        id: run,
        name: run,
        experiment: one.id,
        night: N,
        seed,
        purpose,
        attempt: 1,
        slot: (i % 2) + 1,
        status: good ? 'finished' : ended ? 'killed' : 'failed',
        killed_because: ended ? 'pruned' : null,
        prune_because: prunes?.because,
        prune_audited: prunes?.audited,
        failure: good || ended ? null : (one.fails?.class ?? 'not_a_number'),
        failure_message: good || ended ? null : (one.fails?.message ?? `${metric} is NaN`),
        traceback: one.fails?.traceback,
        objective: ended || (one.fails && Number.isFinite(value)) ? null : value,
        tier: 'self_reported',
        started: at(order(one.id) + i / 10),
        seconds,
        cpu_seconds: 5,
        peak_memory_mb: one.memory ?? 120,
        exit_code: 0,
        commit: 'c0ffee',
        environment_key: 'k',
      });
      tables['spans']?.push({
        id: `${run}/1`,
        night: N,
        name: 'train',
        who: `slot ${(i % 2) + 1}`,
        experiment: one.id,
        run,
        start: at(order(one.id) + i / 10),
        seconds: 6 + seconds,
      });
      for (const [key, text] of Object.entries(settings(one)))
        tables['params']?.push({ run_id: run, key, value: text, type: 'number', source: 'knob' });
      if (!good) return;
      tables['summary']?.push(
        { run_id: run, key: metric, number: value },
        { run_id: run, key: 'peak_memory_mb', number: (one.memory ?? 120) + i },
        { run_id: run, key: 'train_loss', number: value * 0.68 },
        { run_id: run, key: 'seconds', number: seconds - 1 },
      );
      for (const name of one.artifacts ?? [])
        tables['artifacts']?.push({
          ...{ run_id: run, name, bytes: 1_234_567, sha256: 'ab'.repeat(32) },
          ...{ saved_as: 'model', version: 3, kind: 'checkpoint', step: 1000, best: true },
        });
      for (let step = 0; one.curve && step <= 200; step += 2)
        tables['metrics']?.push({
          run_id: run,
          key: 'loss',
          step,
          time: at(0),
          value: one.curve(step, seed),
        });
    });
    if (one.flag) tables['flags']?.push({ target: one.id, ...one.flag, who: 'you', time: at(9) });
    if (!isBase)
      tables['hypotheses']?.push({
        id: `H-${one.id.slice(2)}`,
        night: N,
        title: one.title ?? '',
        because: '',
        source: 'search_space',
        line: '',
        change: '{}',
        parent,
        status: 'tested',
        experiment: one.id,
      });
  }
  rejected.forEach((because, i) =>
    tables['hypotheses']?.push({
      id: `H-${String(100 + i).padStart(4, '0')}`,
      night: N,
      title: 'again',
      because: '',
      source: 'search_space',
      line: '',
      change: '{}',
      parent: base,
      status: 'rejected',
      rejected_because: because,
    }),
  );
  for (let i = 0; i < waiting; i++)
    tables['hypotheses']?.push({
      id: `H-0${200 + i}`,
      night: N,
      title: 'later',
      because: '',
      source: 'search_space',
      line: '',
      change: '{}',
      parent: base,
      status: 'waiting',
    });
  return {
    ...tables,
    ...words,
    nights: [
      ...earlier,
      {
        id: N,
        started: at(-1),
        ended: at(20),
        end_reason: 'experiments_spent',
        message: 'all the experiments of the budget were tried',
        base_branch: 'main',
        base_commit: 'beef'.repeat(10),
        baseline: base,
        incumbent: tried.find((one) => one.confirmed)?.id ?? base,
        slots: 2,
        candidates: tried.length - 1,
        runs_started: tables['runs']?.length ?? 0,
        plan_key: 'k',
        plan_changes: '',
        project: 'char-lm',
        question:
          'Which single changes lower validation bits per byte within the same training budget?',
        metric,
        direction: 'minimize',
        min_effect: 0.005,
        remarks: [],
        data_changed: [],
        plan: JSON.stringify(plan),
        ...night,
      },
    ],
  };
}
