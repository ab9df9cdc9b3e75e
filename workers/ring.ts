/** The last bytes of a stream. */
export interface Ring {
  push(chunk: Buffer): void;
  /** In order, at most two pieces. */
  parts(): readonly Buffer[];
}

export function createRing(size: number): Ring {
  const buffer = Buffer.allocUnsafe(size);
  let seen = 0;
  return {
    push(chunk) {
      const kept = chunk.length > size ? chunk.subarray(chunk.length - size) : chunk;
      const at = (seen + chunk.length - kept.length) % size;
      const first = Math.min(kept.length, size - at);
      kept.copy(buffer, at, 0, first);
      kept.copy(buffer, 0, first);
      seen += chunk.length;
    },
    parts() {
      if (seen <= size) return [buffer.subarray(0, seen)];
      const at = seen % size;
      return [buffer.subarray(at), buffer.subarray(0, at)];
    },
  };
}
