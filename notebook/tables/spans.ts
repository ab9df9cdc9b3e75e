import type { Event } from '../../orchestrator/domain/event.ts';
import type { Called } from '../../orchestrator/domain/call.ts';
import { isExperimentId, isHypothesisId, type NightId } from '../../orchestrator/domain/ids.ts';
import type { Span } from '../../orchestrator/domain/run.ts';
import { defineTable } from '../table.ts';

export interface SpanRow {
  readonly id: string;
  readonly night: string | null;
  readonly name: string;
  readonly who: string;
  readonly experiment: string | null;
  readonly run: string | null;
  readonly start: string;
  readonly seconds: number;
  readonly hypothesis: string | null;
  readonly work: string | null;
  readonly model: string | null;
  readonly requests: number | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly estimated: boolean | null;
  readonly usd: number | null;
  readonly outcome: string | null;
  readonly message: string | null;
  readonly call: string | null;
}

/** The spans an event tells of; the same attempt told twice gives the same ids. */
export function spansOf(event: Event, night: NightId | null): readonly SpanRow[] {
  if (event.type === 'span') return [rowOf(`S-${event.seq}`, night, event.span)];
  if (event.type === 'model_called') return [callRow(`S-${event.seq}`, event)];
  if (event.type !== 'run_ended') return [];
  const { run, attempt, spans } = event.result;
  return spans.map((span, i) => rowOf(`${run}/${attempt}/${i + 1}`, night, span));
}

const rowOf = (id: string, night: NightId | null, span: Span): SpanRow => {
  const { name, who, experiment, run, start, seconds } = span;
  return { ...NO_CALL, ...{ id, night, name, who, experiment, run, start, seconds } };
};

const NO_CALL = {
  ...{ hypothesis: null, work: null, model: null, requests: null, tokens_in: null },
  ...{ tokens_out: null, estimated: null, usd: null, outcome: null, message: null, call: null },
};

function callRow(id: string, event: Called): SpanRow {
  const { night, step: name, role: who, on, started: start, seconds, tokens } = event;
  const { work, model, requests, estimated, usd, outcome, message, call } = event;
  return {
    ...{ id, night, name, who, start, seconds, run: null },
    experiment: on !== null && isExperimentId(on) ? on : null,
    hypothesis: on !== null && isHypothesisId(on) ? on : null,
    ...{ work, model, requests, tokens_in: tokens.input, tokens_out: tokens.output },
    ...{ estimated, usd, outcome, message, call },
  };
}

export const spans = defineTable<SpanRow>({
  name: 'spans',
  doc: 'Stretches of time of slots and agents, each call of a model among them: where the night went, and what it cost.',
  columns: {
    id: ['VARCHAR', 'Unique; of a run: run, attempt and place.'],
    night: ['VARCHAR', 'The night it was part of.'],
    name: [
      'VARCHAR',
      'What was done: setup, train, …; of a call the step that asked: draft, write, …',
    ],
    who: ['VARCHAR', 'slot 1, researcher, planner, reporter, worker.'],
    experiment: ['VARCHAR', 'The experiment it was done for.'],
    run: ['VARCHAR', 'The run it was done for.'],
    start: ['TIMESTAMP', 'When it began, UTC.'],
    seconds: ['DOUBLE', 'How long it took.'],
    hypothesis: ['VARCHAR', 'The hypothesis that a call was about.'],
    work: ['VARCHAR', 'The piece of work that a call was made for.'],
    model: [
      'VARCHAR',
      'The model that was called; null where it is no call, as in all that follow.',
    ],
    requests: ['BIGINT', 'Requests that were sent: retries and repairs are more than one.'],
    tokens_in: ['BIGINT', 'Tokens that the model read.'],
    tokens_out: ['BIGINT', 'Tokens that it wrote.'],
    estimated: ['BOOLEAN', 'Whether the tokens are estimated, the endpoint not having said.'],
    usd: ['DOUBLE', 'US dollars; null where nobody knows the price.'],
    outcome: [
      'VARCHAR',
      'answered, lost (sent when the process ended), or why there was no answer: refused_key, rate_limited, unreachable, timeout, truncated, refused, malformed, empty, budget, bad_request.',
    ],
    message: ['VARCHAR', 'Why there was no answer, for people.'],
    call: ['VARCHAR', 'Prompt and reply lie in `calls/<call>.json` of the notebook.'],
  },
  example:
    'SELECT night, who, name, count(*) AS times, sum(seconds) AS seconds FROM spans GROUP BY ALL ORDER BY seconds DESC',
  journal: {
    subject: 'id',
    subjects: (contents) => contents.spans.keys(),
    rows: (contents, id) => [contents.spans.get(id)].filter((row) => row !== undefined),
  },
});
