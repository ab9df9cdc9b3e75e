import { fromTop } from '../domain/editable.ts';
import { LabError } from '../domain/errors.ts';
import type { Base } from '../domain/event.ts';
import type { Plan } from '../domain/plan.ts';
import type { Repository } from '../domain/ports.ts';
import type { Problem } from './problems.ts';
import type { Path, Positions } from './source.ts';

/** The parts of git that checking a plan needs. */
export type CheckedRepository = Pick<Repository, 'root' | 'readFile' | 'listFiles'>;

/** What every check looks at, and where it leaves what it finds. */
export class PlanChecking {
  readonly problems: Problem[] = [];
  readonly plan: Plan;
  readonly repository: CheckedRepository;
  /** Paths of base's files, from the top. */
  readonly files: readonly string[];
  private readonly positions: Positions;
  private readonly base: Base;

  constructor(
    plan: Plan,
    positions: Positions,
    repository: CheckedRepository,
    base: Base,
    files: readonly string[],
  ) {
    this.plan = plan;
    this.positions = positions;
    this.repository = repository;
    this.base = base;
    this.files = files;
  }

  /** The base as messages call it. */
  get baseName(): string {
    return this.base.branch ?? this.base.commit.slice(0, 8);
  }

  /** A problem at a place of the plan. */
  readonly bad = (at: Path, message: string, of: 'value' | 'key' = 'value'): void => {
    this.problems.push({ ...this.positions(at, of), message });
  };

  /** What `work` returns; null where it throws a LabError, which becomes a problem at the path. */
  attempt<T>(at: Path, work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      this.bad(at, error.message);
      return null;
    }
  }

  /** Text of a file at base, by its path from the top; null where there is none. */
  committed(path: string): Promise<string | null> {
    return this.repository.readFile(this.base.commit, path);
  }

  /** The same by the plan's own path, relative to `directory`; no file is a problem. */
  async read(at: Path, file: string): Promise<string | null> {
    const path = fromTop(this.plan, file);
    const text = await this.committed(path);
    if (text === null) this.bad(at, `expected a file on ${this.baseName}, found none at ${path}`);
    return text;
  }
}
