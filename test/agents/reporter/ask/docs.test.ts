import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { INTENTS } from '../../../../agents/reporter/ask/intents.ts';
import { TOOLS } from '../../../../agents/reporter/ask/tools.ts';

test('docs/ask.md names every kind of question with its example, and every tool with what it gives', () => {
  const text = readFileSync(new URL('../../../../docs/ask.md', import.meta.url), 'utf8');
  for (const { name, like } of INTENTS) expect(text).toContain(`| ${name} | ${like} |`);
  for (const { name, about } of TOOLS) expect(text).toContain(`| \`${name}\` | ${about} |`);
});
