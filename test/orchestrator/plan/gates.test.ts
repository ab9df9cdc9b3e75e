import { expect, test } from 'vitest';
import { formatProblem } from '../../../orchestrator/plan/problems.ts';
import { readPlan } from '../../../orchestrator/plan/file.ts';

const planWith = (gate: string): string => `project: p
question: q
objective: { metric: loss, direction: minimize }
workspace: { editable: [a.mjs] }
run: { command: node a.mjs }
gates:
  - ${gate}
`;

const gateOf = (gate: string) => {
  const read = readPlan(planWith(gate));
  return 'problems' in read ? read.problems.map(formatProblem) : read.plan.gates[0];
};

test.each([
  ['10 experiments', { kind: 'experiments', count: 10 }],
  ['1 experiment', { kind: 'experiments', count: 1 }],
  ['20 runs', { kind: 'runs', count: 20 }],
  ['2h', { kind: 'seconds', seconds: 7200 }],
  ['1h30m', { kind: 'seconds', seconds: 5400 }],
])('a gate is reached after %s', (after, meaning) => {
  expect(gateOf(`{ after: ${after}, require: "loss <= 1" }`)).toMatchObject({
    after: { text: after, meaning },
    otherwise: 'stop',
  });
});

test.each([
  ['best improves baseline by 1%', { kind: 'improves', by: 0.01, relative: true }],
  ['best improves baseline by 0.01', { kind: 'improves', by: 0.01, relative: false }],
  ['best  improves baseline by 1e-3', { kind: 'improves', by: 0.001, relative: false }],
  ['val_bpb <= 1.6', { kind: 'bound', metric: 'val_bpb', op: '<=', value: 1.6 }],
  ['eval/acc>=.9', { kind: 'bound', metric: 'eval/acc', op: '>=', value: 0.9 }],
  ['loss < -2', { kind: 'bound', metric: 'loss', op: '<', value: -2 }],
])('a gate requires that %s', (require, meaning) => {
  expect(gateOf(`{ after: 2h, require: "${require}" }`)).toMatchObject({ require: { meaning } });
});

const AFTER = 'research_plan.yaml:7:14: expected N experiments, N runs, or a duration such as 2h';
const REQUIRE =
  'research_plan.yaml:7:39: expected “best improves baseline by 0.01”, the same with 1%, or a bound of the best such as “loss <= 1.6” (or <, >=, >)';
test.each([
  ['{ after: ten experiments, require: "loss <= 1" }', `${AFTER}, found ten experiments`],
  ['{ after: 0 runs, require: "loss <= 1" }', `${AFTER}, found 0 runs`],
  ['{ after: 10, require: "loss <= 1" }', `${AFTER}, found 10`],
  ['{ after: 3 epochs, require: "loss <= 1" }', `${AFTER}, found 3 epochs`],
  ['{ after: 1.5 runs, require: "loss <= 1" }', `${AFTER}, found 1.5 runs`],
  ['{ after: 99 experiments, require: better }', `${REQUIRE}, found better`],
  [
    '{ after: 99 experiments, require: "best improves baseline by 0" }',
    `${REQUIRE}, found "best improves baseline by 0"`,
  ],
  [
    '{ after: 99 experiments, require: "best improves baseline by -1%" }',
    `${REQUIRE}, found "best improves baseline by -1%"`,
  ],
  ['{ after: 99 experiments, require: "loss = 1" }', `${REQUIRE}, found "loss = 1"`],
  ['{ after: 99 experiments, require: "loss <= much" }', `${REQUIRE}, found "loss <= much"`],
])('a gate that nobody understands is refused at its place: %s', (gate, problem) => {
  expect(gateOf(gate)).toEqual([problem]);
});

test('a gate that lacks a part, or would do anything but stop, is refused', () => {
  expect(gateOf('{ after: 2h }')).toEqual([
    expect.stringContaining('research_plan.yaml:7:5: expected the key require'),
  ]);
  expect(gateOf('{ after: 2h, require: "loss <= 1", otherwise: pause }')).toEqual([
    'research_plan.yaml:7:51: expected stop, found pause',
  ]);
});
