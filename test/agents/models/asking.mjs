import { countLostCalls, openCalls } from '../../../dist/notebook/calls.js';
import { createModel } from '../../../dist/agents/models/model.js';
import { NO_SPEND } from '../../../dist/orchestrator/domain/call.js';
import { agents } from '../../../dist/orchestrator/domain/plan-agents.js';

/** Asks five questions, one after the other, as a launch does that may be killed. */
const [, , url, dir] = process.argv;
const clock = { now: Date.now, monotonic: () => performance.now() };
await countLostCalls(dir, clock.now);
const model = createModel({
  agents: agents.parse({ model: 'scripted', base_url: url }),
  ...{ night: 'N-0001', budget: {}, spent: NO_SPEND, environment: {}, clock },
  calls: await openCalls(dir, clock.now),
  random: Math.random,
});
for (const n of [1, 2, 3, 4, 5]) {
  const reply = await model.ask({
    ...{ role: 'worker', step: 'write', work: `write-H-000${n}`, system: 'You write patches.' },
    messages: [{ role: 'user', content: `Idea ${n}` }],
  });
  process.stdout.write(`${reply.value}\n`);
}
