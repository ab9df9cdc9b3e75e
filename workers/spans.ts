import { experimentOf } from '../orchestrator/domain/ids.ts';
import type { Span } from '../orchestrator/domain/run.ts';
import type { Attempt } from './attempt.ts';

export interface Spans {
  /** Time spent in steps of one name is one span, from the first's start. */
  during<T>(name: string, work: () => Promise<T>): Promise<T>;
  all(): readonly Span[];
}

export function spansOf({ order, workshop: { clock } }: Attempt): Spans {
  const spans = new Map<string, { start: string; seconds: number }>();
  return {
    async during(name, work) {
      const span = spans.get(name) ?? { start: new Date(clock.now()).toISOString(), seconds: 0 };
      spans.set(name, span);
      const begin = clock.monotonic();
      try {
        return await work();
      } finally {
        span.seconds += (clock.monotonic() - begin) / 1000;
      }
    },
    all: () =>
      [...spans].map(([name, span]) => ({
        name,
        who: `slot ${order.slot}`,
        experiment: experimentOf(order.run),
        run: order.run,
        ...span,
      })),
  };
}
