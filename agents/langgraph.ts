import { createRequire } from 'node:module';

/** LangGraph, by `require`: as ES modules its files take 0.25 s of processor time more to load. */
const require = createRequire(import.meta.url);

export const { Annotation, END, START, StateGraph } =
  require('@langchain/langgraph') as typeof import('@langchain/langgraph');
