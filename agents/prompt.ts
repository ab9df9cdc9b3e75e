import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ABOUT_DATA_BLOCKS } from './data-block.ts';

/**
 * The system prompt of a role's step: the file `agents/prompts/<role>-<step>.md`, its
 * `{{placeholders}}` filled in. What is filled in is ours (a number, a format): text of others goes
 * into data blocks of the messages. Throws where a placeholder stays open: a bug of the caller.
 */
export function systemPrompt(name: string, values: Readonly<Record<string, string>> = {}): string {
  const text = known.get(name) ?? read(name);
  known.set(name, text);
  const filled = text.replace(/\{\{(\w+)\}\}/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`prompt ${name}: expected a value for {{${key}}}`);
    return value;
  });
  return `${filled.trim()}\n\n${ABOUT_DATA_BLOCKS}`;
}

const known = new Map<string, string>();

const read = (name: string): string =>
  readFileSync(join(packageRoot(), 'agents', 'prompts', `${name}.md`), 'utf8');

/** Source and build differ in depth. */
export function packageRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json')) && at !== dirname(at)) at = dirname(at);
  return at;
}
