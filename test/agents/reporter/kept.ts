import { memoryNotebook, type MemoryNotebook } from './notebook.ts';
import { told, type Told } from './told.ts';

const notebooks = new WeakMap<Told, Promise<MemoryNotebook>>();

/** A night's notebook, made once and asked the same query once: nobody writes to it. */
export function notebookOf(night: Told): Promise<MemoryNotebook> {
  const made = notebooks.get(night) ?? memoryNotebook(told(night)).then(remembering);
  notebooks.set(night, made);
  return made;
}

function remembering(notebook: MemoryNotebook): MemoryNotebook {
  const answers = new Map<string, ReturnType<MemoryNotebook['query']>>();
  return {
    ...notebook,
    query(sql) {
      const answer = answers.get(sql) ?? notebook.query(sql);
      answers.set(sql, answer);
      return answer;
    },
  };
}
