import type { Plan } from '../../domain/plan.ts';
import { odd, ok, type Probe } from './probe.ts';

/** There is no sandbox yet, whatever `sandbox` says: who did not turn it off should know. */
export function sandboxProbe({ sandbox }: Pick<Plan, 'sandbox'>): Probe {
  const instead =
    'a run has your rights. Its environment is cut to an allowlist; protected files and linked data are compared after it';
  return sandbox === 'off'
    ? ok('sandbox', `off, as the plan says: ${instead}`)
    : odd('sandbox', `this version has none, sandbox: ${sandbox} finds nothing to use: ${instead}`);
}
