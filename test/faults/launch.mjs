/**
 * `autolab launch` with faults: what FAULTS (JSON, see test/support/faults.ts) says is done right
 * before or after a record is written. Each record that was acknowledged goes to the file
 * ACKNOWLEDGED before anything else happens: what is in there must never be lost.
 */
import { execSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { encodeEvent } from '../../dist/notebook/codec.js';
import { openLab, readLabPlan } from '../../dist/orchestrator/lab/lab.js';
import { launch } from '../../dist/orchestrator/lab/launch.js';

const faults = JSON.parse(process.env.FAULTS ?? '[]');
const { ACKNOWLEDGED } = process.env;
delete process.env.FAULTS;

let records = 0;
const seen = new Map();
/** Those that come true with the record that is just being written. */
let due = [];

function begin({ type }) {
  records += 1;
  const nth = (seen.get(type) ?? 0) + 1;
  seen.set(type, nth);
  due = faults.filter(({ record, type: wanted, nth: which = 1 }) =>
    wanted === undefined ? record === records : wanted === type && which === nth,
  );
  strike('before');
}

function strike(when) {
  for (const fault of due.filter((one) => one.when === when)) {
    if (fault.do === undefined) process.kill(process.pid, 'SIGKILL');
    else execSync(fault.do, { stdio: 'inherit' });
  }
}

const [drain, stop] = [new AbortController(), new AbortController()];
const ask = (who) => (drain.signal.aborted ? stop : drain).abort(who);
process.on('SIGINT', () => ask('Ctrl-C')).on('SIGTERM', () => ask('SIGTERM'));

try {
  const lab = await openLab(process.cwd());
  const { outcome } = await launch(
    lab,
    await readLabPlan(lab),
    {},
    {
      drain: drain.signal,
      stop: stop.signal,
      onRemark: (text) => console.log(text),
      beforeRecord: begin,
      onEvent: (_state, event) => {
        if (event.type === 'alert') console.log(event.text);
        appendFileSync(ACKNOWLEDGED, `${encodeEvent(event)}\n`);
        strike('after');
        due = [];
      },
    },
  );
  process.exitCode = outcome.kind === 'ended' ? 0 : 130;
} catch (error) {
  console.error(`${error.code ?? 'bug'}: ${error.stack}`);
  process.exitCode = 1;
}
