import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
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

/** AutoLab's own folder, wherever in it this file was built to. */
export const packageRoot = (): string =>
  dirname(createRequire(import.meta.url).resolve('autolab/package.json'));
