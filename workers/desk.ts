import type { Desk, Tried } from '../orchestrator/domain/desk.ts';
import { isEditable } from '../orchestrator/domain/editable.ts';
import { LabError } from '../orchestrator/domain/errors.ts';
import type { Plan } from '../orchestrator/domain/plan.ts';
import type { CommitOrder, FileChanges, Repository } from '../orchestrator/domain/ports.ts';
import { listed } from './protect.ts';
import { syntaxProblem, syntaxTools } from './syntax.ts';

/** A file that is longer is not shown to a model, and what is beyond all these neither. */
const LONGEST = 400_000;
const MOST_CHARACTERS = 8_000_000;
const MOST_FILES = 3000;
/** Of a patch. */
const LONGEST_DIFF = 200_000;

/**
 * The desk of a repository; `user` is the environment in which parsers are found, `settings` reads
 * the knobs of a commit.
 */
export function openDesk(
  repository: Repository,
  user: Readonly<Record<string, string | undefined>>,
  settings: Desk['settings'],
): Desk {
  /** On no branch: git forgets it in time. */
  const commit = async (
    parent: string,
    change: CommitOrder['change'],
  ): Promise<Tried<{ readonly commit: string }>> => {
    try {
      return {
        commit: await repository.commit({ branch: null, parent, message: 'a draft', change }),
      };
    } catch (error) {
      const refused = error instanceof LabError && /^(?:conflict|refused)$/.test(error.code);
      if (!refused) throw error;
      return { problem: error.message };
    }
  };

  const changes = async (from: string, to: string): Promise<FileChanges> => {
    const files = new Map<string, string | null>();
    for (const path of await repository.changedPaths(from, to))
      files.set(path, await repository.readFile(to, path));
    return files;
  };

  const unparsed = async (plan: Plan, parent: string, young: FileChanges) => {
    const tools = syntaxTools(plan, repository.root, user);
    const problems: string[] = [];
    for (const [path, text] of young) {
      const problem = text === null ? null : await syntaxProblem(path, text, tools);
      if (problem === null) continue;
      // What did not parse before, such as JSON with comments, the patch is not held to.
      const before = await repository.readFile(parent, path);
      if (before === null || (await syntaxProblem(path, before, tools)) === null)
        problems.push(problem);
    }
    return problems;
  };

  return {
    async editable(plan, at) {
      const paths = (await repository.listFiles(at)).filter((path) => isEditable(plan, path));
      const texts = new Map<string, string>();
      let characters = 0;
      for (const path of paths.slice(0, MOST_FILES)) {
        const text = await repository.readFile(at, path);
        if (text === null || text.length > LONGEST) continue;
        characters += text.length;
        if (characters > MOST_CHARACTERS) break;
        texts.set(path, text);
      }
      return texts;
    },

    patched: (parent, diff) => commit(parent, { kind: 'patch', diff }),

    changes,
    settings,

    async diffOf(plan, parent, files) {
      const locked = [...files.keys()].filter((path) => !isEditable(plan, path));
      if (locked.length > 0)
        return {
          problem: `expected changes in ${plan.workspace.editable.join(', ')} only, found ${listed(locked)}`,
        };
      const made = await commit(parent, { kind: 'files', files });
      if ('problem' in made) return made;
      const problems = await unparsed(plan, parent, files);
      if (problems.length > 0) return { problem: problems.join('; ') };
      const diff = await repository.diff(parent, made.commit);
      return diff.length <= LONGEST_DIFF
        ? { diff }
        : {
            problem: `expected a patch of at most ${LONGEST_DIFF} characters, found ${diff.length}`,
          };
    },

    async syntax(plan, parent, diff) {
      const made = await commit(parent, { kind: 'patch', diff });
      if ('problem' in made) return [made.problem];
      return unparsed(plan, parent, await changes(parent, made.commit));
    },
  };
}
