import type { OwnRunId } from '../../orchestrator/domain/ids.ts';
import { ownName } from '../../orchestrator/domain/own-run.ts';
import type { State } from '../../orchestrator/domain/state.ts';
import type { RunRow } from './runs.ts';
import { tagsOn } from './tags.ts';

/** A run of one's own as a row of `runs`. Throws where the journal knows no such run. */
export function ownRunRecord(state: State, id: OwnRunId): RunRow {
  const run = state.own.get(id);
  if (!run) throw new Error(`the journal knows no ${id}`);
  const { end, command } = run;
  return {
    id,
    name: ownName(run),
    experiment: null,
    night: null,
    seed: null,
    purpose: null,
    variant: null,
    attempt: run.attempt,
    slot: null,
    status: run.status,
    failure: end?.failure?.class ?? null,
    failure_message: end?.failure?.message ?? null,
    traceback: end?.failure?.traceback ?? null,
    killed_because: end?.killed_because ?? null,
    prune_because: null,
    prune_audited: null,
    objective: end?.objective ?? null,
    tier: end?.tier ?? null,
    started: run.started,
    seconds: end?.seconds ?? null,
    cpu_seconds: null,
    slept_seconds: null,
    peak_memory_mb: null,
    exit_code: end?.exit_code ?? null,
    signal: end?.signal ?? null,
    commit: run.commit,
    sandbox: null,
    environment_key: null,
    metric_points: end?.metric_points ?? null,
    said: null,
    source: run.source,
    imported_from: run.foreign?.file ?? null,
    imported_id: run.foreign?.id ?? null,
    links: run.foreign?.links ?? [],
    run_group: run.group,
    tags: tagsOn(state, id),
    command: command === '' ? null : command,
  };
}
