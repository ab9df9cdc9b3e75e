import { PLAN_FILE, SCORES_FILE } from './layout.ts';

/**
 * Protected whatever the globs say: an experiment that could edit these would move its own goal
 * posts. (The edit of `run` that an `arg` or `env` knob stands for is AutoLab's own.)
 */
const NEVER_EDITABLE: ReadonlySet<string> = new Set([PLAN_FILE, SCORES_FILE]);

type Workspace = {
  readonly workspace: { readonly directory: string; readonly editable: readonly string[] };
};

/** `./a//b/` → `a/b`; `.` → the empty string. */
export const tidyPath = (path: string): string =>
  path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');

/** A path that the plan gives relative to `workspace.directory`, from the repository's top. */
export const fromTop = (plan: Workspace, path: string): string =>
  tidyPath(`${plan.workspace.directory}/${path}`);

/** May an experiment change this file (path from the repository's top)? */
export function isEditable(plan: Workspace, path: string): boolean {
  if (NEVER_EDITABLE.has(path)) return false;
  return plan.workspace.editable.some((glob) => matchesGlob(fromTop(plan, glob), path));
}

/**
 * `*` and `?` stay within a path segment, `**` spans any number of them, `{a,b}` is either. Wildcards
 * do not match a leading dot, as in a shell. A glob without wildcards also covers what lies below
 * it, so that `src` means the folder.
 */
export function matchesGlob(glob: string, path: string): boolean {
  const plain = tidyPath(glob);
  if (!/[*?{]/.test(plain)) return plain === '' || path === plain || path.startsWith(`${plain}/`);
  return alternatives(plain).some((one) => expressionOf(one).test(path));
}

/** Every text that a glob's braces stand for. */
function alternatives(glob: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(glob);
  if (!braces) return [glob];
  const before = glob.slice(0, braces.index);
  const after = glob.slice(braces.index + braces[0].length);
  return (braces[1] ?? '').split(',').flatMap((choice) => alternatives(before + choice + after));
}

function expressionOf(glob: string): RegExp {
  const segments = glob.split('/');
  let source = '';
  segments.forEach((segment, i) => {
    const last = i === segments.length - 1;
    if (segment === '**') source += last ? '(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+' : '(?:(?!\\.)[^/]+/)*';
    else source += segmentSource(segment) + (last ? '' : '/');
  });
  return new RegExp(`^${source}$`, 'u');
}

function segmentSource(segment: string): string {
  const visible = /^[*?]/.test(segment) ? '(?!\\.)' : '';
  const source = segment.replace(/[\\^$+.()|[\]{}]/g, '\\$&');
  return visible + source.replace(/\*+/g, '[^/]*').replaceAll('?', '[^/]');
}
