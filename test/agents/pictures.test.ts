import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { drawPlanner } from '../../agents/planner.ts';
import { drawReporter } from '../../agents/reporter.ts';
import { drawResearcher } from '../../agents/researcher.ts';
import { drawWorker } from '../../agents/worker.ts';
import { drawPatching } from '../../agents/worker/patching.ts';
import type { Desk } from '../../orchestrator/domain/desk.ts';
import { NO_MODEL } from '../../orchestrator/domain/model.ts';
import type { Executor, NotebookReader } from '../../orchestrator/domain/ports.ts';
import { candidateValues, sampleRange } from '../../orchestrator/knobs/knobs.ts';

const PAGE = new URL('../../docs/agents.md', import.meta.url);

// A drawing runs no node, so nothing of these is called.
const pictures = {
  researcher: () => drawResearcher({ candidateValues, sampleRange }),
  planner: drawPlanner,
  worker: () => drawWorker({} as Executor),
  patching: () => drawPatching({ model: NO_MODEL, desk: {} as Desk }),
  reporter: () => drawReporter({ notebook: {} as NotebookReader }),
};

test('docs/agents.md shows the graphs that run', async () => {
  const page = await readFile(PAGE, 'utf8');
  let drawn = page;
  for (const [name, draw] of Object.entries(pictures)) {
    const place = new RegExp(`<!-- ${name} -->\\n(?:\`\`\`mermaid\\n[^\`]*\`\`\`\\n)?`);
    expect(drawn).toMatch(place);
    const text = await draw();
    drawn = drawn.replace(place, () => `<!-- ${name} -->\n\`\`\`mermaid\n${text}\n\`\`\`\n`);
  }
  if (process.env['UPDATE_DOCS']) await writeFile(PAGE, drawn);
  else expect(page).toBe(drawn);
});
