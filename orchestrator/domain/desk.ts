import type { Plan } from './plan.ts';
import type { FileChanges } from './ports.ts';

/** What came of a try; `problem` is a sentence for whoever made it: expected, found. */
export type Tried<T> = T | { readonly problem: string };

/**
 * What who writes a patch works with: files of commits, and what git and parsers make of new ones.
 * No branch is touched and nothing is run. Throws for bugs and for trouble of the machine.
 */
export interface Desk {
  /**
   * Text of the files of a commit that the plan lets an experiment change, by path from the top; in
   * a large lab as many as a model could be shown, and more.
   */
  editable(plan: Plan, commit: string): Promise<ReadonlyMap<string, string>>;
  /** A commit with the patch on the parent, on no branch. */
  patched(parent: string, diff: string): Promise<Tried<{ readonly commit: string }>>;
  /** The files that differ between two commits, as the second has them. */
  changes(from: string, to: string): Promise<FileChanges>;
  /**
   * The unified diff that these files are on the parent. A problem where they are not the plan's to
   * change, where git takes them not, where nothing differs, and where a file does not parse that did.
   */
  diffOf(plan: Plan, parent: string, files: FileChanges): Promise<Tried<{ readonly diff: string }>>;
  /** What each knob is set to at a commit; null where that cannot be read. */
  settings(plan: Plan, commit: string): Promise<Readonly<Record<string, string>> | null>;
  /** What parsers refuse of the files that a patch leaves; empty where it is fine. */
  syntax(plan: Plan, parent: string, diff: string): Promise<readonly string[]>;
}
