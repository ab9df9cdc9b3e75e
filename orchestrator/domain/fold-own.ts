import type { Put } from './fold-beside.ts';
import { commandInWords, NO_DETAILS, packed, type OwnBody, type OwnRun } from './own-run.ts';
import type { State } from './state.ts';
import type { Tag } from './words.ts';

/**
 * What an event of a run of one's own makes of the lab. Pure where `put` is. Whoever looks at the
 * lab may have noticed the run: the first word counts, and a second one that says the same changes
 * nothing.
 */
export function foldOwn(now: State, event: OwnBody & { readonly at: string }, put: Put): State {
  const known = now.own.get(event.run);
  switch (event.type) {
    case 'own_run_started': {
      if (known) return now;
      const { run: id, start, params, remarks } = event;
      const details = packed({ ...NO_DETAILS, params, remarks });
      const run: OwnRun = {
        ...{ id, ...start, command: commandInWords(start.command), attempt: 1 },
        ...{ status: 'running', end: null, group: null, packed: () => details },
      };
      return { ...now, own: put(now.own, id, run) };
    }
    case 'own_run_ended': {
      const { end, details } = event;
      if (!known || (known.end !== null && known.end.attempt >= end.attempt)) return now;
      const { attempt, status } = end;
      const { group } = details.logged;
      const text = packed(details);
      const run = { ...known, attempt, status, end, group, packed: () => text };
      const after = { ...now, own: put(now.own, known.id, run) };
      const said = details.logged.tags;
      if (said.length === 0) return after;
      return { ...after, tags: put(now.tags, known.id, tagged(now, known, said, event.at)) };
    }
  }
}

/** What a script tags its run with are tags like others: they can be taken away again. */
function tagged({ tags }: State, { id, who }: OwnRun, said: readonly string[], at: string): Tag[] {
  const there = tags.get(id) ?? [];
  const known = new Set(there.map(({ tag }) => tag));
  const fresh = [...new Set(said)].filter((tag) => !known.has(tag));
  return [...there, ...fresh.map((tag) => ({ tag, who: who ?? 'its script', at }))];
}
