import { z } from 'zod';
import { splitCommand } from './command.ts';
import { duration, list, mapping, name } from './plan-parts.ts';

/** A coding agent that writes patches in place of a model. */

const COMMAND = { error: 'expected a command whose quotes are closed, such as claude -p' };
function hasWords(command: string): boolean {
  try {
    return splitCommand(command).length > 0;
  } catch {
    return false;
  }
}

const PLACE = { error: 'expected a path: absolute, or from your home as ~/…' };
const place = z
  .string(PLACE)
  .regex(/^(?:\/|~\/)[^\0\n]/, PLACE)
  .refine((text) => !text.split('/').includes('..'), PLACE);

export const worker = mapping({
  command: name
    .refine(hasWords, COMMAND)
    .describe(
      'Run in a copy of the lab; gets the brief on standard input and as the file {brief}: claude -p, codex exec -, opencode run -f {brief}, aider --yes --message-file {brief}.',
    ),
  timeout: duration.prefault('15m').describe('It is ended after this long.'),
  env_from: list(name)
    .default([])
    .describe('Names of your variables that it may see, such as ANTHROPIC_API_KEY.'),
  read: list(place)
    .default([])
    .describe('Files and folders of yours that it gets a copy of, such as ~/.codex/auth.json.'),
}).describe('A coding agent that writes and repairs patches, in place of a model.');
