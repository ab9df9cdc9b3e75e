import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Repository } from '../orchestrator/domain/ports.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';

const LOCKS =
  /^(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|requirements[\w.-]*\.(?:txt|in)|constraints[\w.-]*\.txt|pyproject\.toml|setup\.(?:py|cfg)|uv\.lock|poetry\.lock|pdm\.lock|Pipfile(?:\.lock)?|pixi\.(?:lock|toml)|conda-lock\.yml|environment[\w.-]*\.ya?ml|Cargo\.lock|go\.sum|Manifest\.toml|renv\.lock)$/;

/**
 * Files of a commit that say which packages are meant, at the top, in the plan's directory or
 * between: path → SHA-256 of the text.
 */
export async function lockHashes(
  repository: Repository,
  plan: Plan,
  commit: string,
): Promise<Readonly<Record<string, string>>> {
  const folders = new Set<string>();
  for (let folder = posix.normalize(plan.workspace.directory); ; folder = posix.dirname(folder)) {
    folders.add(folder.replace(/\/$/, ''));
    if (folder === '.') break;
  }
  const hashes: Record<string, string> = {};
  for (const path of await repository.listFiles(commit)) {
    if (!LOCKS.test(posix.basename(path)) || !folders.has(posix.dirname(path))) continue;
    hashes[path] = hashOf((await repository.readFile(commit, path)) ?? '');
  }
  return hashes;
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
