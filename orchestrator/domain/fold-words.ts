import type { Put } from './fold-beside.ts';
import type { State } from './state.ts';
import type { WordsBody } from './words.ts';

/** What somebody's words make of the lab. Pure where `put` is. */
export function foldWords(
  now: State,
  event: WordsBody & { readonly seq: number; readonly at: string },
  put: Put,
): State {
  switch (event.type) {
    case 'noted': {
      const { type: _, seq: __, ...note } = event;
      return now.notes.has(note.id) ? now : { ...now, notes: put(now.notes, note.id, note) };
    }
    case 'decided': {
      const { type: _, seq: __, ...decision } = event;
      if (now.decisions.has(decision.id)) return now;
      const after = { ...now, decisions: put(now.decisions, decision.id, decision) };
      return decision.opens === null ? after : askedAnew(after, put);
    }
    case 'tagged': {
      const { target, tags, who, at } = event;
      const there = now.tags.get(target) ?? [];
      const known = new Set(there.map(({ tag }) => tag));
      const fresh = [...new Set(tags)].filter((tag) => !known.has(tag));
      const all = [...there, ...fresh.map((tag) => ({ tag, who, at }))];
      return { ...now, tags: put(now.tags, target, all) };
    }
    case 'untagged': {
      const left = (now.tags.get(event.target) ?? []).filter(({ tag }) => tag !== event.tag);
      return { ...now, tags: put(now.tags, event.target, left) };
    }
  }
}

/** A line that is open again may hold ideas that the night had given up on. */
function askedAnew(state: State, put: Put): State {
  const night = state.night === null ? undefined : state.nights.get(state.night);
  if (!night || night.ended) return state;
  const anew = { ...night, exhausted_for: null, asked_anew: night.rounds + 1 };
  return { ...state, nights: put(state.nights, night.id, anew) };
}
