/** What loggers and launchers put before a message. */
const PREFIXES: readonly RegExp[] = [
  // 2026-11-21 12:00:00,123 · [2026-11-21T12:00:00Z] · 12:00:00.1 |
  /^[[(<]?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|\s?[+-]\d\d:?\d\d)?[\])>]?\s*[-|:]?\s*/,
  /^[[(<]?\d{1,2}[-/]\d\d \d\d:\d\d:\d\d(?:[.,]\d+)?[\])>]?\s*[-|:]?\s*/,
  /^[[(<]?\d\d:\d\d:\d\d(?:[.,]\d+)?[\])>]?\s*[-|:]?\s*/,
  // I1121 12:00:00.123456 4242 train.py:12]
  /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [^\s\]]+\]\s*/,
  // INFO:root: · INFO:lightning:
  /^(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL):[\w.]+:\s*/,
  // INFO - · [INFO] · INFO | train:main:12 -
  /^[[(<]?(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|SUCCESS)[\])>]?\s*(?:\|\s*[\w.<>]+:[\w.<>]+:\d+\s*-|[-|:])?\s*/,
  // root - INFO
  /^[\w.]+\s*-\s*(?=(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)\b)/,
  // [rank0]: · (rank 0) · [default0]: · [1,0]<stdout>:
  /^[[(](?:rank|default|worker|gpu|proc)\s*[:=]?\s*\d+[\])]:?\s*/i,
  /^\[\d+(?:,\d+)?\]<std(?:out|err)>:\s*/,
  // [train.py:12] · [__main__] · [trainer] -
  /^\[[\w./]+(?::\d+)?\]\s*[-:]?\s*(?=\S)/,
  // train: Epoch 3
  /^[\w.]+:\s+(?=(?:global[_ ]?step|step|iter(?:ation)?|epoch)\b)/i,
];
const MOST = 6;

/** A line without time, level, logger and rank. */
export function withoutPrefix(line: string): string {
  let text = line;
  for (let i = 0; i < MOST; i++) {
    const prefix = PREFIXES.find((pattern) => pattern.test(text));
    if (prefix === undefined) return text;
    text = text.replace(prefix, '');
  }
  return text;
}
