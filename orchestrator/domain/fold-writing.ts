import type { Event } from './event.ts';
import type { Put } from './fold-beside.ts';
import type { HypothesisId, NightId } from './ids.ts';
import { experimentIn, type HypothesisRecord, type Night, type State } from './state.ts';
import type { WritingBody } from './writing.ts';

/** What written and repaired patches make of the state. Pure where `put` is. */

type Writing<Type extends WritingBody['type']> = Event & { readonly type: Type };

export function foldWriting(now: State, event: Event & WritingBody, put: Put): State {
  switch (event.type) {
    case 'hypothesis_written':
      return written(now, event, put);
    case 'hypothesis_unwritten':
      return unwritten(now, event, put);
    case 'experiment_repaired':
      return repaired(now, event, put);
    case 'experiment_unrepaired':
      return unrepaired(now, event, put);
  }
}

function written(now: State, event: Writing<'hypothesis_written'>, put: Put): State {
  const record = inWords(now, event.hypothesis);
  if (record?.change.kind !== 'idea') return now;
  const { diff, account, by } = event.written;
  return {
    ...now,
    hypotheses: put(now.hypotheses, record.id, {
      ...record,
      change: { kind: 'patch', file: null, diff },
      idea: record.change.text,
      written: { account, by },
    }),
  };
}

function unwritten(now: State, event: Writing<'hypothesis_unwritten'>, put: Put): State {
  const record = inWords(now, event.hypothesis);
  if (!record) return now;
  const { failure, hypothesis } = event;
  const after = inNight(now, event.night, put, (night) => ({
    proposed: night.proposed.filter((id) => id !== hypothesis),
  }));
  const rejected = { status: 'rejected', rejected_because: failure.message } as const;
  const hypotheses = put(now.hypotheses, record.id, { ...record, ...rejected, unwritten: failure });
  return { ...after, hypotheses };
}

/** A hypothesis whose change is still in words; null where the answer comes too late. */
function inWords(now: State, id: HypothesisId): HypothesisRecord | null {
  const record = now.hypotheses.get(id);
  return record?.change.kind === 'idea' && record.status === 'proposed' ? record : null;
}

function repaired(now: State, event: Writing<'experiment_repaired'>, put: Put): State {
  const crash = crashOf(now, event);
  if (!crash) return now;
  const { experiment, run, failure } = crash;
  const { number, attempt, written: by } = event;
  const before = { change: experiment.change, commit: experiment.commit ?? '' };
  const repair = { number, run: run.id, attempt, failure, before, account: by.account, by: by.by };
  const runs = put(now.runs, run.id, { ...run, repaired_after: attempt });
  const experiments = put(now.experiments, experiment.id, {
    ...experiment,
    change: { kind: 'patch', file: null, diff: by.diff },
    ...{ commit: null, command: null, settings: null },
    repairs: [...(experiment.repairs ?? []), repair],
  });
  return { ...now, runs, experiments };
}

function unrepaired(now: State, event: Writing<'experiment_unrepaired'>, put: Put): State {
  const crash = crashOf(now, event);
  if (!crash) return now;
  const { experiment } = crash;
  const { number, because } = event;
  const experiments = put(now.experiments, experiment.id, {
    ...experiment,
    unrepaired: { number, because },
  });
  return { ...now, experiments };
}

/** The crash that an answer is of; null where the night went on without waiting for it. */
function crashOf(
  now: State,
  {
    experiment: id,
    run: of,
    attempt,
  }: Pick<Writing<'experiment_repaired'>, 'experiment' | 'run' | 'attempt'>,
) {
  const experiment = experimentIn(now, id);
  const run = now.runs.get(of);
  const failure = run?.result?.failure;
  const stands =
    run?.attempt === attempt && run.status === 'failed' && run.repaired_after !== attempt;
  return stands && failure && experiment.judgement === null ? { experiment, run, failure } : null;
}

function inNight(
  now: State,
  id: NightId,
  put: Put,
  change: (night: Night) => Partial<Night>,
): State {
  const night = now.nights.get(id);
  if (!night) throw new Error(`the journal knows no ${id}`);
  return { ...now, nights: put(now.nights, id, { ...night, ...change(night) }) };
}
