import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { LabError } from '../domain/errors.ts';
import { nearest } from '../plan/nearest.ts';
import { excerpt, inFileOrder, type Problem } from '../plan/problems.ts';
import { readSource, type Path, type PlanSource } from '../plan/source.ts';
import type { Script } from '../../agents/scripted.ts';
import type { ScriptedEndpoint, ScriptedOptions } from '../../agents/scripted/server.ts';

/**
 * Serves the model that a script (YAML or JSON) describes. Throws LabError usage where there is none,
 * with every problem on a line of its own (`FILE:LINE:COLUMN: expected …, found …`), and failed where
 * the port is taken.
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
  const { scriptSchema, STEPS } = await import('../../agents/scripted.ts');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const found =
      error.code === 'ENOENT' ? 'none there' : `one that cannot be read (${error.code})`;
    throw new LabError('usage', `expected a script at ${file}, found ${found}`, file, error);
  });
  const refuse = (problems: readonly Problem[]) => {
    const lines = inFileOrder(problems).map(
      (one) => `${file}:${one.line}:${one.column}: ${one.message}`,
    );
    return new LabError('usage', lines.join('\n'), file);
  };
  const { source, problems } = readSource(text);
  if (!source || problems.length > 0) throw refuse(problems);
  const parsed = scriptSchema.safeParse(source.data);
  const found = parsed.success
    ? idle(parsed.data, source, STEPS)
    : parsed.error.issues.flatMap((issue) => problemsOf(issue, source));
  if (!parsed.success || found.length > 0) throw refuse(found);
  return parsed.data;
}

/** Lines that would never answer, or with nothing. */
function idle(script: Script, source: PlanSource, steps: readonly string[]): readonly Problem[] {
  const none = { ...source.positions([]), message: 'expected at least one line, found none' };
  if (script.length === 0) return [none];
  const known = [...new Set(steps.map((step) => step.split('/')[0] ?? '')), ...steps];
  return script.flatMap(({ step, reply, fault }, i) => {
    const near = step === undefined ? null : nearest(step, known);
    const hint = near === null ? known.join(', ') : `did you mean ${near}?`;
    return [
      ...(step === undefined || known.includes(step)
        ? []
        : [at(source, [i, 'step'], `expected a step (${hint}), found ${excerpt(step)}`)]),
      ...(reply === undefined && fault === undefined
        ? [at(source, [i], 'expected a reply, a fault or both, found neither')]
        : []),
    ];
  });
}

const at = (source: PlanSource, path: Path, message: string, of: 'value' | 'key' = 'value') => ({
  ...source.positions(path, of),
  message,
});

function problemsOf(issue: z.core.$ZodIssue, source: PlanSource): readonly Problem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => at(source, [...path, key], unknownKey(path, key), 'key'));
  const found = source.has(path) ? source.found(path) : 'nothing';
  return [at(source, path, `${issue.message}, found ${excerpt(found)}`)];
}

const unknownKey = (path: Path, key: string): string =>
  path.at(-1) === 'fault'
    ? `expected status, message, retry_after, slow or kind, found ${excerpt(key)}`
    : `expected step, match, reply, times or fault, found ${excerpt(key)}`;
