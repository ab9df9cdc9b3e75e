import { mkdir, realpath, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import { isEditable } from '../../domain/editable.ts';
import { placeLinks } from '../../../workers/links.ts';
import type { Lab, LabPlan } from '../lab.ts';
import { askPython, interpreterOf } from './interpreter.ts';
import { bad, odd, ok, type Probe } from './probe.ts';

/**
 * Which Python runs, and whose code it would import. An editable install (`pip install -e .`)
 * points at the user's checkout: where that wins over the worktree, every experiment tests the
 * same unchanged code.
 */
export async function pythonProbes(lab: Lab, labPlan: LabPlan): Promise<readonly Probe[]> {
  const interpreter = await interpreterOf(lab, labPlan);
  if (interpreter.kind === 'none') return [];
  if (interpreter.kind === 'managed')
    return [
      odd(
        'python',
        `${interpreter.by} chooses the interpreter when a run starts: autolab check --stub shows whether it does in a worktree`,
      ),
    ];
  const { file } = interpreter;
  await mkdir(lab.cacheDir, { recursive: true });
  const answer = await askPython(file, LOOK, looked, { neutral: lab.cacheDir }, [lab.root]);
  if (answer === null)
    return [bad('python', `expected ${file} to run a line of Python, and it could not`)];
  const python = ok('python', `${file}, Python ${answer.version}`);
  if (answer.names.length === 0) return [python];
  return [python, await importProbe(lab, labPlan, file, answer.names)];
}

const looked = z.object({
  version: z.string(),
  /** Modules of this repository that are installed as editable. */
  names: z.array(z.string()),
});

/**
 * Finds what site-packages says of the folder in argv[1]: plain paths in .pth files, the finders of
 * newer setuptools, egg-links, and direct_url.json of everybody else.
 */
const LOOK = `
import ast, glob, json, os, platform, re, site, sys
from urllib.parse import unquote, urlparse
root = os.path.realpath(sys.argv[1])
def ours(path):
    path = os.path.realpath(path)
    return path == root or path.startswith(root + os.sep)
def inside(folder):
    for name in sorted(os.listdir(folder))[:500]:
        path = os.path.join(folder, name)
        if name.endswith('.py'): yield name[:-3]
        elif name.isidentifier() and os.path.isdir(path) and glob.glob(os.path.join(path, '*.py')): yield name
sites = set(p for p in sys.path if os.path.basename(p) in ('site-packages', 'dist-packages'))
names = set()
def text(path):
    with open(path, encoding='utf8', errors='replace') as f: return f.read()
for at in sites:
    # A folder that lies in the checkout, as .venv does, is no part of the code.
    for path in glob.glob(os.path.join(at, '*.pth')) + glob.glob(os.path.join(at, '*.egg-link')):
        for line in text(path).splitlines():
            line = line.strip()
            if line.startswith(('import ', 'import\\t')):
                finder = re.match(r'import (__editable__\\w+)', line)
                source = os.path.join(at, finder.group(1) + '.py') if finder else ''
                found = re.search(r'^MAPPING[^=]*=\\s*(\\{.*?\\})', text(source), re.M | re.S) if os.path.isfile(source) else None
                if found:
                    for name, place in ast.literal_eval(found.group(1)).items():
                        if ours(place): names.add(name.split('.')[0])
            elif line and not line.startswith('#'):
                folder = os.path.join(at, line)
                if os.path.isdir(folder) and ours(folder) and 'site-packages' not in folder: names.update(inside(folder))
    for path in glob.glob(os.path.join(at, '*.dist-info', 'direct_url.json')):
        try: said = json.loads(text(path))
        except ValueError: continue
        place = unquote(urlparse(said.get('url', '')).path)
        if not said.get('dir_info', {}).get('editable') or not ours(place): continue
        tops = os.path.join(os.path.dirname(path), 'top_level.txt')
        listed = text(tops).split() if os.path.isfile(tops) else [re.split(r'-\\d', os.path.basename(os.path.dirname(path)))[0]]
        names.update(listed)
print(json.dumps({'version': platform.python_version(), 'names': sorted(n for n in names if n not in ('setup', 'conftest'))[:200]}))
`;

const found = z.record(z.string(), z.string().nullable());

/** Where each name would come from, without importing any of them. */
const FIND = `
import importlib.util, json, os, sys
found = {}
for name in sys.argv[1:]:
    try: spec = importlib.util.find_spec(name)
    except Exception: spec = None
    place = None
    if spec is not None:
        place = spec.origin if spec.has_location else next(iter(spec.submodule_search_locations or []), None)
    found[name] = os.path.realpath(place) if place else None
print(json.dumps(found))
`;

/** Asks Python itself, in a worktree at base, in the environment of a run. */
async function importProbe(
  lab: Lab,
  labPlan: LabPlan,
  file: string,
  names: readonly string[],
): Promise<Probe> {
  const { plan, base } = labPlan;
  const worktree = join(lab.cacheDir, `import-${process.pid}`);
  try {
    await lab.repository.checkOut(worktree, base.commit, []);
    const tracked = await lab.repository.listFiles(base.commit);
    const missing = await placeLinks(lab.root, worktree, plan.workspace.link, tracked);
    if (missing !== null) return bad('imports', missing.message);
    const where = await askPython(file, FIND, found, { plan: labPlan, worktree }, names);
    if (where === null)
      return odd('imports', 'expected Python to say where modules come from, it could not');
    return judgeImports(labPlan, await realpath(lab.root), where, tracked);
  } finally {
    await lab.repository.removeWorktree(worktree);
    await rm(worktree, { recursive: true, force: true });
  }
}

function judgeImports(
  { plan }: LabPlan,
  root: string,
  where: Readonly<Record<string, string | null>>,
  tracked: readonly string[],
): Probe {
  const files = new Set(tracked);
  // What git does not track, a linked environment for one, is meant to come from the checkout.
  const strays = Object.entries(where).flatMap(([name, place]) => {
    if (place === null || !place.startsWith(root + sep)) return [];
    const path = relative(root, place);
    const ours = files.has(path) || tracked.some((file) => file.startsWith(`${path}/`));
    return ours ? [{ name, path }] : [];
  });
  const [first] = strays;
  if (first === undefined) {
    const shown = Object.keys(where).slice(0, 3).join(', ');
    return ok(
      'imports',
      `installed as editable, and still imported from the worktree: ${shown}${Object.keys(where).length > 3 ? ', …' : ''}`,
    );
  }
  const folder = folderOf(first.name, first.path);
  const way = relative(plan.workspace.directory, folder) || '.';
  const said = plan.run.env['PYTHONPATH'];
  const mend = `run.env: { PYTHONPATH: ${said === undefined ? way : `"${way}:${said}"`} }`;
  const text =
    `${first.name} is installed as editable, and a run would import it from your checkout (${first.path}), ` +
    `not from its worktree: no change of it would be tested. Add ${mend}`;
  const changes = tracked.some((file) => isEditable(plan, file) && file.startsWith(`${folder}/`));
  return changes ? bad('imports', text) : odd('imports', text);
}

/** The folder that has to be on Python's path for the module to be found. */
function folderOf(name: string, path: string): string {
  const segments = path.split('/');
  const at = segments.findIndex((segment) => segment === name || segment === `${name}.py`);
  return segments.slice(0, Math.max(0, at)).join('/');
}
