import { reportAnswer, summaryAnswer, type ReporterBrief } from '../orchestrator/domain/brief.ts';
import type { NotebookReader, Report } from '../orchestrator/domain/ports.ts';
import { Annotation, END, START, StateGraph } from './langgraph.ts';
import { picture } from './picture.ts';
import { compose } from './reporter/compose.ts';
import { asFindings, wordFindings, type Stated } from './reporter/findings.ts';
import { gather } from './reporter/gather.ts';
import type { NightRecord } from './reporter/records.ts';
import { summarise } from './reporter/summarise.ts';

/**
 * The Reporter says what was found: gather → word → compose, and one line on each run as it ends.
 * It reads the notebook, by queries alone, and writes nothing itself.
 */

export interface ReporterParts {
  readonly notebook: NotebookReader;
  /** How the reader calls AutoLab: `autolab` unless told otherwise. */
  readonly command?: string;
}

type Answer = Report | { readonly text: string };
type ReportBrief = Extract<ReporterBrief, { task: 'report' }>;
type SummariseBrief = Extract<ReporterBrief, { task: 'summarise' }>;

const Thought = Annotation.Root({
  brief: Annotation<ReporterBrief>,
  record: Annotation<NightRecord>,
  stated: Annotation<Stated>,
  reply: Annotation<Answer>,
});
type Thought = typeof Thought.State;

function build({ notebook, command }: ReporterParts) {
  return (
    new StateGraph(Thought)
      .addNode('summarise', async ({ brief }: Thought) => ({
        reply: summaryAnswer.parse({
          text: await summarise(notebook, (brief as SummariseBrief).run),
        }),
      }))
      .addNode('gather', async ({ brief }: Thought) => ({
        record: await gather(notebook, (brief as ReportBrief).night, command),
      }))
      // The place of a model: it may choose the words; the numbers in them are facts with sources.
      .addNode('word', ({ record }: Thought) => ({ stated: wordFindings(record) }))
      .addNode('compose', ({ record, stated }: Thought) => ({
        reply: reportAnswer.parse({
          documents: compose(record, stated).map(({ path, text }) => ({ path, text })),
          findings: asFindings(record, stated),
        }),
      }))
      .addConditionalEdges(
        START,
        ({ brief }: Thought) => (brief.task === 'report' ? 'gather' : 'summarise'),
        ['gather', 'summarise'],
      )
      .addEdge('summarise', END)
      .addEdge('gather', 'word')
      .addEdge('word', 'compose')
      .addEdge('compose', END)
      .compile()
  );
}

/**
 * A Reporter over a notebook. `report` is answered with a night's documents (FINDINGS.md,
 * experiments/progress.svg, a page and a results.yaml per judged experiment) and findings, by a
 * fixed number of queries; `summarise` with one line of plain text on a run. Throws where the
 * notebook knows no such night or run.
 */
export function createReporter(parts: ReporterParts): (brief: ReporterBrief) => Promise<Answer> {
  const graph = build(parts);
  return async (brief) => (await graph.invoke({ brief })).reply;
}

export const drawReporter = (parts: ReporterParts): Promise<string> => picture(build(parts));
