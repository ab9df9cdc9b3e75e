/**
 * Logs a training into the notebook of its lab (AutoLab, file format 1): the twin of autolab.py.
 *
 *     import * as autolab from './autolab.mjs';
 *
 *     autolab.config({ lr: 3e-4, model: { depth: 6 } });
 *     for (let step = 0; step < 1000; step++) {
 *       ...
 *       autolab.log({ loss, val: { acc } }, step);
 *     }
 *     autolab.saveArtifact('model', 'out/model.bin', { step });
 *     autolab.finding('It overfits after step 600.');
 *
 * In a night of AutoLab this goes into the folder of the run. By hand, in a lab (a git repository
 * with a research_plan.yaml at its top), the first call opens a run of your own, `R-0001`, which ends
 * when the process does; importing alone opens nothing. Anywhere else all of it does nothing.
 *
 * It is one file without dependencies (Node 20 or later), to be copied beside your script, and never
 * stands in a training's way: what goes wrong is said once on standard error, and the training goes
 * on. Each call is one write in append mode: a kill -9 loses nothing that was logged; only a power cut
 * may, since nothing is fsynced. Worker threads and cluster workers log into the run of their parent
 * where it opened one before they were started; it alone ends it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import cluster from 'node:cluster';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// --- What a script calls ---------------------------------------------------------------------

/** What this run is configured with. */
export const config = harmless('config', (values) => {
  current()?.say('config', { values: fields(objectIn(values, 'config')) });
});

/**
 * Numbers become metrics, texts are kept beside them; `{ val: { acc: 1 } }` is `val/acc`. NaN and
 * infinities are kept, null and undefined are left out.
 */
export const log = harmless('log', (metrics, step = null) => {
  const run = current();
  if (run === null) return;
  const numbers = new Map();
  const texts = new Map();
  sort(objectIn(metrics, 'log'), '', numbers, texts);
  const at = stepIn(step);
  if (at !== null && numbers.has('step')) {
    if (numbers.get('step') !== at)
      complain('log: the step given counts, and the metric called step is left out');
    numbers.delete('step');
  }
  for (const key of ['time', '_timestamp'].filter((name) => numbers.has(name))) {
    complain(`log: \`${key}\` is when it was logged; your metric is called metric/${key}`);
    numbers.set(`metric/${key}`, numbers.get(key));
    numbers.delete(key);
  }
  const head = at === null ? '' : `"step":${at},`;
  // As Python's and AutoLab's readers have it, NaN and Infinity stand bare in metrics.jsonl.
  const pairs = [...numbers].map(([key, value]) => `${JSON.stringify(key)}:${value}`);
  if (numbers.size > 0) run.append('metrics.jsonl', `{${head}"time":${Date.now()},${pairs}}`);
  if (texts.size > 0)
    run.say('text', { values: Object.fromEntries(texts), ...(at === null ? {} : { step: at }) });
});

/**
 * One prediction: what the model was given, what was right, what it said, and its numbers. `task` may
 * be null. Texts are kept as they are, all else as JSON.
 */
export const logSample = harmless('logSample', (task, id, input, target, prediction, metrics) => {
  const run = current();
  if (run === null) return;
  const sample = { task, id, input, target, prediction };
  const texts = Object.entries(sample).map(([key, value]) => [
    key,
    asText(value, MOST_OF_A_SAMPLE),
  ]);
  const numbers = metrics ? fields(objectIn(metrics, 'the metrics of a sample')) : null;
  run.append('samples.jsonl', JSON.stringify({ ...Object.fromEntries(texts), metrics: numbers }));
});

/**
 * Keeps a copy of a file or folder, or bytes, as the next version of `name`; `saveArtifact(
 * 'out/model.bin')` takes the file's name. What has a step is a checkpoint, unless `kind` says
 * otherwise: AutoLab tells which one was best. Returns `model:v3`, or null where nothing is kept.
 */
export const saveArtifact = harmless('saveArtifact', (name, source, { step, kind } = {}) => {
  const run = current();
  if (run === null) return null;
  const at = stepIn(step ?? null);
  const what = kind ?? (at === null ? 'file' : 'checkpoint');
  if (source !== undefined) return run.keep(String(name), source, at, String(what));
  return run.keep(path.basename(path.resolve(fileIn(name))), name, at, String(what));
});

/** A sentence on what came out; the notebook keeps it as this script's own words. */
export const finding = harmless('finding', (text) => {
  current()?.say('finding', { text: String(text) });
});

/** Words to find the run by. */
export const tag = harmless('tag', (...tags) => {
  current()?.say('tag', { tags: tags.map(String) });
});

/** What the run belongs to, such as a sweep; the last word counts. */
export const group = harmless('group', (name) => {
  current()?.say('group', { group: String(name) });
});

const runner = { config, log, logSample, saveArtifact, finding, tag, group };

/**
 * A function whose call is a run. It is given its arguments and, behind them, a `runner` with the
 * functions above; what is in an argument that is an object becomes the configuration. It may return,
 * or promise, `{ finding, metrics, artifacts: [paths] }`, which is kept as its own words: to be judged
 * by a number, log it. Each call is a run of its own, also where several are awaited at once, unless it
 * is made within one, or the process has one.
 */
export function logRun(call, { name = call.name } = {}) {
  return function logged(...args) {
    const mine = begin(name || null);
    return here.run(mine ?? here.getStore(), () => {
      configure(args);
      let result;
      try {
        result = call.call(this, ...args, runner);
      } catch (error) {
        finish(mine, [error]);
        throw error;
      }
      return typeof result?.then === 'function' ? later(mine, result) : done(mine, result);
    });
  };
}

async function later(mine, promise) {
  let result;
  try {
    result = await promise;
  } catch (error) {
    finish(mine, [error]);
    throw error;
  }
  return done(mine, result);
}

function done(mine, result) {
  keepWords(result);
  finish(mine, []);
  return result;
}

/** A call that never throws: what goes wrong is said, once, and the training goes on. */
function harmless(name, call) {
  return (...args) => {
    try {
      return call(...args) ?? null;
    } catch (error) {
      complain(`${name} failed: ${error}`);
      return null;
    }
  };
}

// --- The folder it goes into -----------------------------------------------------------------

/** A run's folder. Lines are appended whole, by one write each, so that none mix. */
function openFolder(top, own) {
  const files = new Map();
  const torn = new Set();

  const fileOf = (name) => {
    if (!files.has(name)) files.set(name, fs.openSync(path.join(top, name), 'a'));
    return files.get(name);
  };

  const append = (name, line) => {
    let trouble = 'the disk is full';
    try {
      // After a write that was cut short, what follows begins a line of its own.
      const data = Buffer.from(`${torn.has(name) ? '\n' : ''}${line}\n`);
      if (fs.writeSync(fileOf(name), data) === data.length) {
        torn.delete(name);
        return;
      }
      torn.add(name);
    } catch (error) {
      trouble = error.code ?? String(error);
    }
    complain(`${name} cannot be written: the training goes on unlogged (${trouble})`, name);
  };

  const say = (type, fields) =>
    append('logged.jsonl', JSON.stringify({ type, time: Date.now(), ...fields }));

  const keep = (name, source, step, kind) => {
    const { version, folder } = nextVersion(path.join(top, 'artifacts', fileName(name)));
    try {
      const isBytes = ArrayBuffer.isView(source) || source instanceof ArrayBuffer;
      const place = path.join(
        folder,
        isBytes ? fileName(name) : path.basename(path.resolve(fileIn(source))),
      );
      const kept = isBytes ? copyBytes(source, place) : copyPath(fileIn(source), place);
      const where = path.relative(top, place).split(path.sep).join('/');
      const at = step === null ? {} : { step };
      say('artifact', { name, version, path: where, kind, ...at, ...kept });
      return `${name}:v${version}`;
    } catch (error) {
      fs.rmSync(folder, { recursive: true, force: true });
      complain(`${name} could not be kept: ${error.message}`);
      return null;
    }
  };

  return { path: top, own, ended: false, append, say, keep };
}

/** Claims `artifacts/model/v3`: whoever makes the folder has the number. */
function nextVersion(top) {
  fs.mkdirSync(top, { recursive: true });
  for (let version = 0; ;) {
    version = nextNumber(/^v(\d{1,15})$/, top, version);
    const folder = path.join(top, `v${version}`);
    if (made(folder)) return { version, folder };
  }
}

/**
 * The number behind `last` and all in the folder. Numbers are exact up to 15 digits: what has more is
 * no number of ours.
 */
const nextNumber = (pattern, folder, last) =>
  fs
    .readdirSync(folder)
    .reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? 0)), last) + 1;

function made(folder) {
  try {
    fs.mkdirSync(folder);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

const fileName = (name) =>
  name
    .replace(/[^\p{L}\p{N}_.-]+/gu, '_')
    .replace(/^\.+/, '')
    .slice(0, 100) || 'artifact';

/** Files may be given as file: URLs. */
const fileIn = (source) => (source instanceof URL ? fileURLToPath(source) : String(source));

function copyBytes(source, place) {
  const bytes = ArrayBuffer.isView(source)
    ? Buffer.from(source.buffer, source.byteOffset, source.byteLength)
    : Buffer.from(source);
  fs.writeFileSync(place, bytes);
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function copyPath(source, place) {
  checkOutside(fs.realpathSync(source), fs.realpathSync(path.dirname(place)));
  fs.cpSync(source, place, { recursive: true, dereference: true });
  if (!fs.statSync(place).isDirectory())
    return { bytes: fs.statSync(place).size, sha256: hashOf(place) };
  const sizes = fs
    .readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size);
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), sha256: null };
}

/** A folder that holds the run's would be copied into its own copy, for ever. */
function checkOutside(source, folder) {
  const way = path.relative(source, folder);
  if (fs.statSync(source).isFile() || way.split(path.sep)[0] === '..' || path.isAbsolute(way))
    return;
  throw new Error("expected a file or folder beside the run's own, found one that holds it");
}

function hashOf(file) {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(1 << 20);
  const number = fs.openSync(file, 'r');
  try {
    for (let n = 1; n > 0;) {
      n = fs.readSync(number, chunk);
      hash.update(chunk.subarray(0, n));
    }
  } finally {
    fs.closeSync(number);
  }
  return hash.digest('hex');
}

function writeWhole(folder, name, record) {
  const beside = path.join(folder, `.${name}.${process.pid}`);
  fs.writeFileSync(beside, JSON.stringify(record), { flush: true });
  fs.renameSync(beside, path.join(folder, name));
}

// --- Values of all kinds ---------------------------------------------------------------------

const DEEPEST = 20;
const LONGEST = 10_000;
/** Elements of one value. */
const MOST = 1000;
/** Tokens, say. */
const MOST_OF_A_SAMPLE = 20_000;
/** Characters of one text in a value. */
const LONGEST_KEPT = 100_000;

/** Sorts what was logged into numbers and texts, by path. */
function sort(values, prefix, numbers, texts, above = []) {
  const within = [...above, values];
  for (const [name, value] of Object.entries(values)) {
    const key = `${prefix}${name}`;
    if (typeof value === 'number') numbers.set(key, value);
    else if (typeof value === 'bigint' || typeof value === 'boolean')
      numbers.set(key, Number(value));
    else if (typeof value === 'string') texts.set(key, value);
    else if (isPlain(value) && mayEnter(value, within))
      sort(value, `${key}/`, numbers, texts, within);
    else if (value !== null && value !== undefined) {
      complain(`log: ${key} is ${kindOf(value)}, no number: it is kept as text`);
      texts.set(key, asText(value, MOST));
    }
  }
}

/** An object as JSON has it, each of its values with room of its own. */
const fields = (values) =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, plain(value, { where: `/${key}` })]),
  );

/**
 * A value as JSON has it; what JSON has no form for becomes text, and that is said. So does what has
 * too many elements: a line too long to be read would take all else on it along. `room`: how many
 * elements may still come, all told.
 */
function plain(value, { where = '', above = [], room = { left: MOST } } = {}) {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return cut(value, LONGEST_KEPT);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date || value instanceof URL) return String(value.toJSON());
  const elements = elementsOf(value);
  if (elements > room.left) {
    complain(`${where.slice(1) || 'a value'} has too many elements to be kept: what it is is kept`);
    return `${kindOf(value).slice(2)} of ${elements} elements`;
  }
  if (mayEnter(value, above)) {
    room.left -= elements;
    const deeper = (key, one) =>
      plain(one, { where: `${where}${key}`, above: [...above, value], room });
    if (value instanceof Map || isPlain(value)) {
      const entries = value instanceof Map ? [...value] : Object.entries(value);
      return Object.fromEntries(entries.map(([key, one]) => [key, deeper(`/${key}`, one)]));
    }
    if (isList(value)) return Array.from(value, (one) => deeper('', one));
  }
  complain(
    `${where.slice(1) || 'a value'} is ${kindOf(value)}, which JSON has no form for: kept as text`,
  );
  return shown(value);
}

const isList = (value) =>
  Array.isArray(value) || value instanceof Set || (ArrayBuffer.isView(value) && 'length' in value);

function elementsOf(value) {
  if (isList(value)) return value.length ?? value.size;
  if (value instanceof Map) return value.size;
  return isPlain(value) ? Object.keys(value).length : 0;
}

/** What holds itself, or nests too deeply, is not entered. */
const mayEnter = (value, above) => above.length < DEEPEST && !above.includes(value);

function asText(value, most) {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  const found = plain(value, { room: { left: most } });
  return typeof found === 'string' ? found : JSON.stringify(found);
}

function isPlain(value) {
  if (typeof value !== 'object' || value === null) return false;
  const above = Object.getPrototypeOf(value);
  return above === null || Object.getPrototypeOf(above) === null;
}

const kindOf = (value) =>
  typeof value === 'object'
    ? `a ${value?.constructor?.name ?? 'strange object'}`
    : `a ${typeof value}`;

function shown(value) {
  let text;
  try {
    text = String(value);
  } catch {
    text = `${kindOf(value)} that cannot be shown`;
  }
  return cut(text, LONGEST);
}

const cut = (text, most) =>
  text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;

function objectIn(values, what) {
  if (values instanceof Map) return Object.fromEntries(values);
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) return values;
  throw new TypeError(
    `expected an object for ${what}, found ${values === null ? null : kindOf(values)}`,
  );
}

function stepIn(step) {
  if (step === null) return null;
  const number = Number(step);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  const found = typeof step === 'object' ? kindOf(step) : shown(step);
  complain(`a step is a whole number from 0 on, found ${found}: it is left out`);
  return null;
}

const complained = new Set();

/** Says what went wrong, once: on standard error, and in the notebook. */
function complain(text, once = text) {
  if (complained.has(once) || complained.size > 100) return;
  complained.add(once);
  try {
    console.error(`autolab: ${text}`);
    (callHere() ?? (run || null))?.say('warning', { text });
  } catch {
    // Nobody is left to be told.
  }
}

// --- Which folder it is ----------------------------------------------------------------------

/** A folder; false: there is nowhere to write; null: nobody has looked yet. */
let run = null;
/** Runs that are calls of functions and open now. */
const calls = new Set();
/** The one that this was called from. */
const here = new AsyncLocalStorage();
/** Tells threads and cluster workers the folder of their parent. */
const SHARED = 'AUTOLAB_OWN_RUN';

/** Where it is to be written: into the call's run, else into that of the process. */
function current() {
  const call = callHere();
  if (call !== null) return call;
  if (run === null) {
    run = false;
    run = find(null) ?? false;
  }
  return run || null;
}

function callHere() {
  const call = here.getStore();
  return call && !call.ended ? call : null;
}

function find(name) {
  const night = process.env.AUTOLAB_RUN_DIR;
  if (night) {
    fs.mkdirSync(night, { recursive: true });
    return openFolder(night, false);
  }
  const shared = process.env[SHARED];
  if (shared && (!isMainThread || cluster.isWorker) && fs.existsSync(shared))
    return openFolder(shared, false);
  const lab = labAround();
  return lab === null ? null : openOwn(lab, name);
}

/** The lab that this is run in, or that the script lies in. */
function labAround() {
  const script = process.argv[1];
  const starts = [process.cwd()];
  if (script && fs.existsSync(script)) starts.push(path.dirname(fs.realpathSync(script)));
  for (const start of starts) {
    let top = start;
    while (!fs.existsSync(path.join(top, '.git')) && top !== path.dirname(top))
      top = path.dirname(top);
    const both = ['.git', 'research_plan.yaml'].every((name) =>
      fs.existsSync(path.join(top, name)),
    );
    if (both) return top;
  }
  return null;
}

// --- A run of one's own ----------------------------------------------------------------------

function openOwn(lab, name) {
  const { id, folder } = claim(lab);
  try {
    fs.writeFileSync(path.join(folder, '.gitignore'), '*\n');
    writeWhole(folder, 'start.json', { version: 1, id, ...circumstances(lab, folder, name) });
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  process.env[SHARED] = folder;
  watch();
  console.error(`autolab: ${id}`);
  return openFolder(folder, true);
}

/** Makes `experiments/R-0007`: whoever makes the folder has the number. */
function claim(lab) {
  const experiments = path.join(lab, 'experiments');
  if (fs.lstatSync(experiments, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Error(`expected ${experiments} to be a folder, found a link; nothing is recorded`);
  fs.mkdirSync(experiments, { recursive: true });
  let number = countedIn(path.join(lab, 'data', 'notebook', 'own-runs'));
  for (;;) {
    number = nextNumber(/^R-(\d{4,15})$/, experiments, number);
    const id = `R-${String(number).padStart(4, '0')}`;
    const folder = path.join(experiments, id);
    if (made(folder)) return { id, folder };
  }
}

function countedIn(file) {
  try {
    return Number(/^\s*(\d{1,15})\s*$/.exec(fs.readFileSync(file, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** What there is to know of a run when it begins; the difference from the commit is written. */
function circumstances(lab, folder, name) {
  const script = process.argv[1];
  const inside = path.relative(lab, process.cwd());
  const head = git(lab, 'rev-parse', '--verify', 'HEAD');
  const words = ['diff', '--no-ext-diff', '--no-textconv', '--binary', 'HEAD'];
  const diff = head === null ? null : git(lab, ...words);
  // AutoLab's own folders are no part of the code, ignored or not.
  const own = ['--exclude=/data/notebook/', '--exclude=/experiments/'];
  const others = git(lab, 'ls-files', '--others', '--exclude-standard', '-z', ...own);
  const untracked = others?.toString().split('\0').filter(Boolean) ?? [];
  if (diff?.length > 0) fs.writeFileSync(path.join(folder, 'change.diff'), diff);
  return {
    name: name ?? (script ? path.basename(script) : null),
    command: [process.argv0, ...process.execArgv, ...process.argv.slice(1)],
    directory: inside.startsWith('..') ? process.cwd() : inside || '.',
    pid: process.pid,
    process_started: processStarted(),
    host: os.hostname(),
    who: whoAmI(),
    started: new Date().toISOString(),
    commit: head?.toString().trim() ?? null,
    branch: git(lab, 'symbolic-ref', '--quiet', '--short', 'HEAD')?.toString().trim() ?? null,
    dirty: diff?.length > 0 || untracked.length > 0 || (diff && others ? false : null),
    untracked: untracked.slice(0, 1000),
    node: process.version,
    packages: null,
    params: {},
    source: 'logger-js',
  };
}

/** What git says; null where it fails. None of the user's hooks and helpers are run. */
function git(lab, ...words) {
  const quiet = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'color.ui=false'];
  try {
    return execFileSync('git', ['-C', lab, ...quiet.flatMap((it) => ['-c', it]), ...words], {
      env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
      maxBuffer: 1 << 30,
    });
  } catch {
    return null;
  }
}

/** Tells this process from a later one of its number, in AutoLab's words; null: nobody knows. */
function processStarted() {
  try {
    const stat = fs.readFileSync('/proc/self/stat', 'utf8');
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    // Behind the command's name, which may hold spaces and brackets, field 3 comes first.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${ticks} ticks after boot ${boot.trim().slice(0, 8)}`;
  } catch {
    return null;
  }
}

function whoAmI() {
  try {
    return os.userInfo().username;
  } catch {
    return null;
  }
}

// --- How it ends -----------------------------------------------------------------------------

let watched = false;
/** What was thrown and caught by nobody, in a list. */
let fatal = [];

/** Has an open run ended with its process. A signal that nobody handles leaves no time for it. */
function watch() {
  if (watched) return;
  watched = true;
  process.on('uncaughtExceptionMonitor', (error) => (fatal = [error]));
  process.on('exit', (code) => {
    for (const open of [...calls, run || null]) end(open, code === 0 ? [] : fatal, code);
  });
}

const end = harmless('end', (ending, thrown, exit_code) => {
  if (!ending?.own || ending.ended) return;
  ending.ended = true;
  const error = thrown.map((it) => (it instanceof Error ? `${it.name}: ${it.message}` : shown(it)));
  const stack = thrown.map((it) => shown(it?.stack ?? it));
  writeWhole(ending.path, 'end.json', {
    ...{ version: 1, ended: new Date().toISOString(), exit_code, signal: null },
    ...{ error: error[0] ?? null, traceback: stack[0] ?? null },
  });
});

// --- A function that is a run ----------------------------------------------------------------

/** The run that the call opens; null where one is open, or where there is nowhere to write. */
const begin = harmless('logRun', (name) => {
  if (run !== null || callHere() !== null) return null;
  run = false;
  const found = find(name);
  run = found?.own ? null : (found ?? false);
  if (!found?.own) return null;
  calls.add(found);
  return found;
});

const configure = harmless('logRun', (args) => {
  for (const values of args.filter((one) => isPlain(one))) config(values);
});

const keepWords = harmless('logRun', (result) => {
  if (!isPlain(result) || !['finding', 'metrics', 'artifacts'].some((key) => key in result)) return;
  const files = result.artifacts ?? [];
  const kept = isPlain(files)
    ? Object.entries(files).map(([name, file]) => saveArtifact(name, file))
    : [files].flat().map((file) => saveArtifact(file));
  const { finding: said, metrics } = result;
  const numbers = isPlain(metrics) ? fields(metrics) : plain(metrics ?? {});
  const words = { finding: plain(said), metrics: numbers, artifacts: kept.filter(Boolean) };
  current()?.say('returned', words);
});

const finish = harmless('logRun', (mine, thrown) => {
  if (mine === null) return;
  calls.delete(mine);
  if (process.env[SHARED] === mine.path) delete process.env[SHARED];
  end(mine, thrown, thrown.length);
});
