import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { planSchema } from '../../orchestrator/domain/plan.ts';
import { syntaxProblem, syntaxTools } from '../../workers/syntax.ts';

const planOf = (command: string) =>
  planSchema.parse({
    project: 'toy',
    question: 'Does it parse?',
    objective: { metric: 'loss', direction: 'minimize' },
    workspace: { directory: 'lab', editable: ['.'] },
    run: { command },
  });
const TOOLS = syntaxTools(planOf('python3 train.py'), '/lab', process.env);

test.each([
  [
    'a.py',
    'def f(:\n  pass\n',
    /a\.py: expected Python that parses, found SyntaxError: .* at line 1/,
  ],
  ['a.py', 'x = 1\n  y = 2\n', /IndentationError: unexpected indent at line 2/],
  ['a.py', 'return 3\n', /'return' outside function/],
  ['a.mjs', 'const a = 1;\nconst b = ;\n', /a\.mjs: .*SyntaxError: Unexpected token ';' at line 2/],
  ['a.js', 'function (', /SyntaxError/],
  ['a.json', '{"a": 1,}', /a\.json: expected JSON, found /],
  ['a.yaml', 'a: [1, 2\nb: 3\n', /a\.yaml: expected YAML, found /],
  ['run.sh', 'if true; then\n', /run\.sh: expected a shell script that parses/],
])('%s that holds %j is refused with the place', async (path, text, words) => {
  expect(await syntaxProblem(path, text, TOOLS)).toMatch(words);
});

test.each([
  ['a.py', 'import no_such_module\nprint(undefined_name)\n'],
  ['a.mjs', 'import x from "nowhere";\nawait x();\n'],
  ['a.js', 'const fs = require("fs");\nreturn;\n'],
  ['a.js', 'import fs from "fs";\nexport default 1;\n'],
  ['a.json', '{"a": [1, 2]}'],
  ['a.yaml', 'a: 1\n---\nb: !tag 2\n'],
  ['a.sh', '#!/bin/bash\nif [[ 1 ]]; then echo; fi\n'],
  ['a.cu', 'this is { no language we know'],
])('%s that parses is fine, whatever it would do', async (path, text) => {
  expect(await syntaxProblem(path, text, TOOLS)).toBeNull();
});

describe('what is looked at', () => {
  test('is never executed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'autolab-syntax-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const trace = JSON.stringify(join(folder, 'trace'));
    expect(await syntaxProblem('a.py', `open(${trace}, "w")\n`, TOOLS)).toBeNull();
    const write = `import fs from 'fs';\nfs.writeFileSync(${trace}, '');\n`;
    expect(await syntaxProblem('a.mjs', write, TOOLS)).toBeNull();
    expect(await syntaxProblem('a.sh', `touch ${trace}\n`, TOOLS)).toBeNull();
    expect(existsSync(join(folder, 'trace'))).toBe(false);
  });

  test('is not held to a tool that is missing', async () => {
    const missing = syntaxTools(planOf('/no/such/python3 train.py'), '/lab', process.env);
    expect(await syntaxProblem('a.py', 'def (', missing)).toBeNull();
  });
});

test('the programs of the plan are asked, where the user’s checkout has them', () => {
  const { python, node } = syntaxTools(planOf('.venv/bin/python train.py'), '/lab', {});
  expect([python, node]).toEqual(['/lab/lab/.venv/bin/python', process.execPath]);
  expect(syntaxTools(planOf('OMP=1 torchrun train.py'), '/lab', {}).python).toBe('python3');
});
