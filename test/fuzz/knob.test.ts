import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LabError } from '../../orchestrator/domain/errors.ts';
import { currentLiteral, rewriteKnob, type Place } from '../../orchestrator/knobs/knobs.ts';
import { broken, EDGES } from './mutate.ts';
import { PLANS, YAML_WORDS } from './plans.ts';
import { holds } from './settings.ts';

const FILES: readonly (readonly [file: string, text: string, places: readonly Place[]])[] = [
  [
    'train.py',
    PLANS[2]?.files['lab/train.py'] ?? '',
    [{ match: 'rate = {value}' }, { match: 'seed = {value}' }, { match: "name = '{value}'" }],
  ],
  [
    'model.yaml',
    PLANS[2]?.files['lab/conf/model.yaml'] ?? '',
    [{ path: 'model.layers.0' }, { path: 'model.activation' }, { path: 'model' }],
  ],
  [
    'model.json',
    '{\n  "model": {"depth": 2, "name": "a"},\n  "list": [1, {"x": null}]\n}\n',
    [{ path: 'model.depth' }, { path: 'model.name' }, { path: 'list.1.x' }],
  ],
];

const cases = fc
  .constantFrom(...FILES)
  .chain(([file, text, places]) =>
    fc.tuple(
      fc.constant(file),
      fc.oneof(
        { weight: 1, arbitrary: fc.constant(text) },
        { weight: 4, arbitrary: broken([text], YAML_WORDS, 3) },
      ),
      fc.constantFrom(...places),
      fc.oneof(fc.constantFrom(...EDGES, ...YAML_WORDS), fc.string(), fc.double().map(String)),
    ),
  );

test('setting a knob in a file that was broken gives a file that says so, or an error with its place', () => {
  holds(1, cases, ([file, text, place, literal]) => {
    try {
      currentLiteral(text, file, place);
      const edited = rewriteKnob(text, file, place, literal);
      expect(currentLiteral(edited, file, place)).toBe(literal);
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      expect(error.code).toBe('plan');
      expect(error.where).toContain(file);
      expect(error.message).toMatch(/^expected [^]+, found [^]+$/);
    }
  });
});
