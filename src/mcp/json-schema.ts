import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Types that an input type is made of, by name: `#/$defs/NAME`. */
export type Definitions = Record<string, JsonSchema>;

/**
 * Returns what a GraphQL input type takes, as JSON Schema. Objects and enums go to `definitions`: filters hold filters.
 */
function jsonSchemaOf(type: GraphQLInputType, definitions: Definitions): JsonSchema {
  if (isNonNullType(type)) return jsonSchemaOf(type.ofType, definitions);
  if (isListType(type)) return { type: 'array', items: jsonSchemaOf(type.ofType, definitions) };
  if (isEnumType(type)) {
    definitions[type.name] ??= { type: 'string', enum: type.getValues().map(({ name }) => name) };
    return { type: 'string', $ref: `#/$defs/${type.name}` };
  }
  if (!isInputObjectType(type)) return scalarSchemas[type.name] ?? { type: 'string' };
  if (definitions[type.name] === undefined) {
    // Named before its fields are looked at: they may hold it again.
    definitions[type.name] = {};
    definitions[type.name] = objectSchema(type, definitions);
  }
  // Some clients look at the type of an argument only.
  return { type: 'object', $ref: `#/$defs/${type.name}` };
}

const scalarSchemas: Readonly<Record<string, JsonSchema>> = {
  Int: { type: 'integer' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
  LocalDate: { type: 'string', format: 'date' },
};

function objectSchema(type: GraphQLInputObjectType, definitions: Definitions): JsonSchema {
  const fields = Object.values(type.getFields());
  const required = fields.filter(isRequired).map(({ name }) => name);
  return {
    type: 'object',
    ...(typeof type.description === 'string' && { description: type.description }),
    properties: Object.fromEntries(
      fields.map((field) => [field.name, describedSchema(field, definitions)] as const),
    ),
    ...(required.length > 0 && { required }),
    ...(type.isOneOf && { minProperties: 1, maxProperties: 1 }),
    additionalProperties: false,
  };
}

/** What an argument or a field takes, and what is said of it. */
export const describedSchema = (
  { type, description }: Pick<GraphQLInputField, 'type' | 'description'>,
  definitions: Definitions,
): JsonSchema => ({
  ...jsonSchemaOf(type, definitions),
  ...(typeof description === 'string' && { description }),
});

/** What an enum of the schema takes. */
export function enumSchema(schema: GraphQLSchema, name: string, definitions: Definitions): JsonSchema {
  const type = schema.getType(name);
  if (!isEnumType(type)) throw new Error(`there is no enum ${name}`);
  return jsonSchemaOf(type, definitions);
}

const isRequired = ({ type, defaultValue }: GraphQLInputField): boolean =>
  isNonNullType(type) && defaultValue === undefined;
