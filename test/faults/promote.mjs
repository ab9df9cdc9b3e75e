/** `autolab promote`, killed (SIGKILL) once base has moved and before that is recorded. */
import { openLabState } from '../../dist/orchestrator/lab/lab.js';
import { promote } from '../../dist/orchestrator/lab/promotion.js';

const { lab, state } = await openLabState(process.cwd());
const repository = {
  ...lab.repository,
  promote: async (order) => {
    await lab.repository.promote(order);
    process.kill(process.pid, 'SIGKILL');
  },
};
await promote({ ...lab, repository }, state, undefined, { unconfirmed: false });
