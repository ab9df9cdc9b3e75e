import { tidyPath } from '../../domain/editable.ts';
import { currentLiteral } from '../../knobs/knobs.ts';
import { choicesFor } from './choices.ts';
import { constantsOf, optionsOf, variablesOf } from './constants.ts';
import type { Found } from './knob.ts';
import type { PlanKnob } from './plan-text.ts';
import type { Seed } from './seed.ts';
import type { Source } from './source.ts';

/** The search space: the most promising of what was found, each where the real functions find it. */

const MOST = 12;

export interface ConfigFile extends Source {
  /** As the plan writes it. */
  readonly file: string;
  readonly found: readonly Found[];
}

export function searchSpace(
  script: Source,
  file: string,
  configs: readonly ConfigFile[],
  seed: Seed | null,
): PlanKnob[] {
  const texts = new Map([script, ...configs].map((source) => [source.path, source.text]));
  const all = [
    ...optionsOf(script),
    ...configs.flatMap(({ found }) => found),
    ...variablesOf(script),
    ...constantsOf(script, file),
  ];
  const everything = [...texts.values()].join('\n');
  const ranked = all
    .filter((found) => stands(found, script))
    .flatMap((found) => {
      const choices = choicesFor(found, everything);
      return choices ? [{ found, choices }] : [];
    })
    .toSorted((a, b) => a.choices.rank - b.choices.rank);
  return distinct(ranked, seed).slice(0, MOST);
}

/**
 * One knob per name, and one per line, the seed's taken: a second on the same line would have the first one's literal
 * in its template, and lose its place when the search builds on a change of the first.
 */
function distinct(ranked: readonly Omit<PlanKnob, 'key'>[], seed: Seed | null): PlanKnob[] {
  const names = new Set<string>();
  const lines = new Set(seed?.at === 'file' ? [`${tidyPath(seed.file)}:${seed.line}`] : []);
  return ranked.flatMap(({ found, choices }) => {
    const { place, name } = found;
    const line = place.at === 'match' ? `${tidyPath(place.file)}:${found.line}` : '';
    if (names.has(name) || (line !== '' && lines.has(line))) return [];
    names.add(name);
    lines.add(line);
    return [{ key: name, found, choices }];
  });
}

/** The place is there exactly once and reads as it was found. */
function stands({ place, literal }: Found, script: Source): boolean {
  if (place.at !== 'match') return true;
  try {
    return currentLiteral(script.text, script.path, place) === literal;
  } catch {
    return false;
  }
}
