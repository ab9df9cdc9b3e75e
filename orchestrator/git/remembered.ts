/** Answers about what never changes. Equal questions under way share one answer; failures are not kept. */
export interface Memory<Value> {
  get(key: string, ask: () => Promise<Value>): Promise<Value>;
  /** What somebody found out anyway. */
  put(key: string, value: Value): void;
}

/** Keeps the answers asked for last, up to `mostBytes` of them as `sizeOf` counts. */
export function remembered<Value>(
  mostBytes: number,
  sizeOf: (value: Value) => number,
): Memory<Value> {
  const kept = new Map<string, { readonly value: Value; readonly bytes: number }>();
  const underWay = new Map<string, Promise<Value>>();
  let bytes = 0;

  const put = (key: string, value: Value): void => {
    bytes -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
    const size = sizeOf(value) + key.length * 2;
    // One that would push out most of the others is asked for again.
    if (size > mostBytes / 4) return;
    kept.set(key, { value, bytes: size });
    bytes += size;
    for (const [oldest, { bytes: freed }] of kept) {
      if (bytes <= mostBytes) break;
      kept.delete(oldest);
      bytes -= freed;
    }
  };

  const find = async (key: string, ask: () => Promise<Value>): Promise<Value> => {
    try {
      const value = await ask();
      put(key, value);
      return value;
    } finally {
      underWay.delete(key);
    }
  };

  return {
    put,
    get(key, ask) {
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key);
        kept.set(key, known);
        return Promise.resolve(known.value);
      }
      const asked = underWay.get(key) ?? find(key, ask);
      underWay.set(key, asked);
      return asked;
    },
  };
}

/** A full object id: the only name of a commit that never comes to mean another one. */
export const isFullId = (name: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name);
