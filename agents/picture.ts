/** A compiled graph of LangGraph, as far as it can be drawn. */
interface Drawable {
  getGraphAsync(): Promise<{ drawMermaid(how: { withStyles: boolean }): string }>;
}

/**
 * A graph as Mermaid text: solid arrows are always taken, dashed ones by what was found. Nodes and
 * edges are the graph's own, so docs/agents.md cannot tell of another one.
 */
export async function picture(graph: Drawable): Promise<string> {
  return (await graph.getGraphAsync()).drawMermaid({ withStyles: false }).trim();
}
