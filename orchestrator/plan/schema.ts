import { z } from 'zod';
import { rangeBound } from '../domain/plan-parts.ts';
import { planSchema } from '../domain/plan.ts';

/** As much of JSON Schema as planSchema turns into. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly required?: readonly string[];
  /** `#/$defs/NAME`: what may hold itself. */
  readonly $ref?: string;
  /** A short form, or a mapping. */
  readonly anyOf?: readonly JsonSchema[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/**
 * What schemas/research_plan.schema.json holds, for editors that complete and check the plan. It
 * says less than planSchema does: rules between keys are left to the reader.
 */
export function planJsonSchema(): JsonSchema & Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(planSchema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ zodSchema, jsonSchema }) => {
      if ((zodSchema as unknown) !== rangeBound) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key as keyof typeof jsonSchema];
      jsonSchema.type = 'number';
    },
  });
  return {
    $schema,
    title: 'research_plan.yaml',
    description: 'What a lab asks of its nights. See README.md.',
    ...(schema as JsonSchema),
  };
}

let made: JsonSchema | undefined;

/** Keys the plan may have at a path, with their descriptions; null where any name goes. */
export function keysAt(path: readonly PropertyKey[]): ReadonlyMap<string, JsonSchema> | null {
  // Made once: a plan with a thousand unknown keys asks a thousand times.
  const whole: JsonSchema = (made ??= planJsonSchema());
  let at: JsonSchema | undefined = whole;
  const meant = (schema: JsonSchema | undefined): JsonSchema | undefined =>
    schema?.$ref === undefined
      ? (schema?.anyOf?.find(({ properties }) => properties) ?? schema)
      : whole.$defs?.[schema.$ref.replace('#/$defs/', '')];
  for (const segment of path) {
    if (typeof segment === 'number') at = meant(at?.items ?? at?.prefixItems?.[segment]);
    else at = meant(at?.properties?.[String(segment)] ?? (at?.additionalProperties || undefined));
  }
  at = meant(at);
  return at?.properties ? new Map(Object.entries(at.properties)) : null;
}
