import { isMap, isScalar, parseDocument } from 'yaml';
import type { Repository } from '../../domain/ports.ts';
import { currentLiteral } from '../../knobs/knobs.ts';
import { kindOf, tidyName, type Found } from './knob.ts';
import { folderOf, joined, quotedTexts, type Source } from './source.ts';
import { nestsTooDeep } from '../../knobs/nesting.ts';

/** Values of the YAML and JSON files that a script loads. */

const NO_CONFIG = /(?:^|\/)(?:package(?:-lock)?|tsconfig|tokenizer\w*|vocab|research_plan)\.\w+$/i;

/** Tracked configuration files that the script names, from the top. */
export function configsOf(
  script: Source,
  files: readonly string[],
  directory: string,
): readonly string[] {
  const named = quotedTexts(script.text).filter((text) => /\.(?:ya?ml|json)$/i.test(text));
  const hydra = /config_path\s*=\s*["']([^"']+)["']/.exec(script.text)?.[1];
  const hydraName = /config_name\s*=\s*["']([^"']+)["']/.exec(script.text)?.[1];
  if (hydra !== undefined && hydraName !== undefined)
    named.push(`${hydra}/${hydraName.replace(/\.yaml$/, '')}.yaml`);
  const wanted = named.flatMap((text) => {
    const path = text.replace(/^(?:\.\/)+/, '');
    return [directory, folderOf(script.path), ''].map((folder) => joined(folder, path));
  });
  const tracked = new Set(files);
  return [...new Set(wanted)].filter((path) => tracked.has(path) && !NO_CONFIG.test(path));
}

/** Every single value of a configuration file; none where it cannot be read. */
export async function valuesOf(
  repository: Pick<Repository, 'readFile'>,
  commit: string,
  path: string,
  file: string,
): Promise<{ readonly found: readonly Found[]; readonly text: string }> {
  const text = (await repository.readFile(commit, path)) ?? '';
  if (nestsTooDeep(text)) return { found: [], text };
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' });
  if (document.errors.length > 0) return { found: [], text };
  const found = keysOf(document.contents, []).flatMap((keys) => {
    const key = keys.join('.');
    const literal = attempt(() => currentLiteral(text, path, { path: key }));
    if (literal === null || literal === '' || literal.length > 60) return [];
    return [
      {
        name: tidyName(keys.at(-1) ?? key),
        literal,
        kind: kindOf(literal),
        place: { at: 'path' as const, file, path: key },
        line: 0,
        named: true,
      },
    ];
  });
  return { found, text };
}

function keysOf(node: unknown, above: readonly string[]): string[][] {
  if (isScalar(node)) return [[...above]];
  if (!isMap(node) || above.length > 6) return [];
  return node.items.flatMap((pair) =>
    isScalar(pair.key) && /^[\w-]+$/.test(String(pair.key.value))
      ? keysOf(pair.value, [...above, String(pair.key.value)])
      : [],
  );
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
