import type { BesideBody } from './beside.ts';
import { called } from './call.ts';
import { asking } from './fold-asked.ts';
import { isExperimentId, type ExperimentId } from './ids.ts';
import { AUTOLAB, SUSPICIOUS, type Flag, type State } from './state.ts';

/** Puts a value into a map, in a copy or in place; `fold.ts` says which. */
export type Put = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V) => ReadonlyMap<K, V>;

/** What an event beside the nights makes of the lab. Pure where `put` is. */
export function foldBeside(
  now: State,
  event: BesideBody & { readonly seq: number; readonly at: string },
  put: Put,
): State {
  switch (event.type) {
    case 'flagged': {
      const { target, label, because, who, at } = event;
      const flags = [...withoutFlag(now.flags, event), { target, label, because, who, at }];
      const doubted = label === SUSPICIOUS && who === AUTOLAB && isExperimentId(target);
      return { ...(doubted ? suspecting(now, target, put) : now), flags };
    }
    case 'unflagged':
      return { ...now, flags: withoutFlag(now.flags, event) };
    case 'promoted': {
      const { experiment, branch, commit, who, at } = event;
      // Two processes may have found one merge without a record.
      if (now.promotions.some((one) => one.experiment === experiment && one.commit === commit))
        return now;
      return { ...now, promotions: [...now.promotions, { experiment, branch, commit, who, at }] };
    }
    case 'reran': {
      const { type: _, seq: __, ...rerun } = event;
      return { ...now, reruns: [...now.reruns, rerun] };
    }
    case 'hypothesis_asked':
      return asking(now, event);
    case 'model_called': {
      const night = event.night === null ? undefined : now.nights.get(event.night);
      if (!night) return now;
      const calls = called(night.calls, event, event.at);
      return { ...now, nights: put(now.nights, night.id, { ...night, calls }) };
    }
    case 'alert':
      return now;
  }
}

const withoutFlag = (flags: readonly Flag[], gone: { target: string; label: string }) =>
  flags.filter((flag) => flag.target !== gone.target || flag.label !== gone.label);

/** Whoever takes the mark away does not take the doubt away. */
function suspecting(state: State, id: ExperimentId, put: Put): State {
  const night = state.night === null ? undefined : state.nights.get(state.night);
  // Somebody may be called as we are.
  if (!night?.tried.includes(id)) return state;
  const suspected = [...night.suspected, id];
  return { ...state, nights: put(state.nights, night.id, { ...night, suspected }) };
}
