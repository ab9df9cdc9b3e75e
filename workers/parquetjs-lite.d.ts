/** The part of parquetjs-lite 0.8.7 that is used here; the package brings no types. */
declare module 'parquetjs-lite' {
  export interface Field {
    readonly type: 'UTF8' | 'INT64' | 'DOUBLE' | 'TIMESTAMP_MILLIS';
    readonly optional?: boolean;
    readonly compression?: 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY';
    /** Minima and maxima in the footer, on unless false. */
    readonly statistics?: boolean;
  }
  interface Sink {
    write(bytes: Buffer, done: () => void): void;
    end(done: () => void): void;
  }
  interface Writer {
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    close(): Promise<void>;
  }
  const parquet: {
    readonly ParquetSchema: new (fields: Readonly<Record<string, Field>>) => object;
    readonly ParquetWriter: {
      openStream(
        schema: object,
        sink: Sink,
        options: { readonly rowGroupSize: number },
      ): Promise<Writer>;
    };
  };
  export default parquet;
}

declare module 'parquetjs-lite/lib/types.js' {
  const types: {
    /** Turns a value into what is stored; throws a string where it cannot. */
    readonly PARQUET_LOGICAL_TYPES: { readonly DOUBLE: { toPrimitive(value: unknown): number } };
  };
  export default types;
}
