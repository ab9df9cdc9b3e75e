import { savedName, type Logged } from '../orchestrator/domain/logged.ts';
import type { Artifact } from '../orchestrator/domain/run.ts';
import { oneLine } from './output.ts';

/** What a script said of its own run through a logger, for people. */

interface Said {
  readonly artifacts?: readonly Artifact[];
  readonly logged?: Logged;
}

/** `model:v3, saved at step 1000 (model/v3/model.pt)`; null where no checkpoint is known to be best. */
export function checkpointInWords({ artifacts = [] }: Said): string | null {
  const best = artifacts.filter((one) => one.best);
  const [first] = best;
  if (first?.saved === undefined) return null;
  const names = best.flatMap(({ saved }) => (saved ? savedName(saved) : []));
  const all = [...new Set(names)].map(oneLine).join(', ');
  return `${all}, saved at step ${first.saved.step} (${oneLine(first.name)})`;
}

/** Facts of a run's page: name and text. The script's own words are marked as such. */
export function saidInWords(said: Said): readonly (readonly [string, string])[] {
  const { findings = [], tags = [], group = null } = said.logged ?? {};
  const checkpoint = checkpointInWords(said);
  return [
    ...(checkpoint === null ? [] : [['best', `checkpoint ${checkpoint}`] as const]),
    ...(group === null ? [] : [['group', `${oneLine(group)} (the script says)`] as const]),
    ...(tags.length === 0
      ? []
      : [['tags', `${tags.map(oneLine).join(', ')} (the script says)`] as const]),
    ...findings.map((text) => ['script says', `“${oneLine(text)}”`] as const),
  ];
}
