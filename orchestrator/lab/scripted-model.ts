import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { LabError } from '../domain/errors.ts';
import { excerpt } from '../plan/problems.ts';
import { readSource, type PlanSource } from '../plan/source.ts';
import type { Script } from '../../agents/scripted.ts';
import type { ScriptedEndpoint, ScriptedOptions } from '../../agents/scripted/server.ts';

/**
 * Serves the model that a script (YAML or JSON) describes. Throws LabError usage where the script is
 * none, with every problem on a line of its own (`FILE:LINE:COLUMN: expected …, found …`), and
 * failed where the port is taken.
 */
export async function serveScripted(
  file: string,
  options: ScriptedOptions,
): Promise<ScriptedEndpoint> {
  const script = await readScript(file);
  const { serveScript } = await import('../../agents/scripted/server.ts');
  return serveScript(script, options).catch((error: NodeJS.ErrnoException) => {
    const message = `expected a free port, found ${options.port} taken or forbidden (${error.code})`;
    throw new LabError('failed', message, undefined, error);
  });
}

export async function readScript(file: string): Promise<Script> {
  const { scriptSchema } = await import('../../agents/scripted.ts');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new LabError('not_found', `expected a script, found no file ${file}`, file, error);
  });
  const refuse = (lines: readonly string[]) => new LabError('usage', lines.join('\n'), file);
  const { source, problems } = readSource(text);
  const said = problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
  if (!source || said.length > 0) throw refuse(said);
  const parsed = scriptSchema.safeParse(source.data);
  if (parsed.success) return parsed.data;
  throw refuse(parsed.error.issues.flatMap((issue) => problemsOf(file, issue, source)));
}

function problemsOf(file: string, issue: z.core.$ZodIssue, source: PlanSource): readonly string[] {
  const at = (path: readonly PropertyKey[], message: string, of: 'value' | 'key') => {
    const { line, column } = source.positions(path, of);
    return `${file}:${line}:${column}: ${message}`;
  };
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => at([...path, key], unknownKey(path, key), 'key'));
  const found = source.has(path) ? source.found(path) : 'nothing';
  const words = issue.message.replace(/^Invalid (?:input|option): |, received .*$/g, '');
  const expected = words.startsWith('expected') ? words : `expected something else (${words})`;
  return [at(path, `${expected}, found ${excerpt(found)}`, 'value')];
}

const unknownKey = (path: readonly PropertyKey[], key: string): string =>
  path.at(-1) === 'fault'
    ? `expected status, message, retry_after, slow or kind, found ${excerpt(key)}`
    : `expected step, match, reply, times or fault, found ${excerpt(key)}`;
