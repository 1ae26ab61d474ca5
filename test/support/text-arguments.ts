import {
  type GraphQLInputType,
  GraphQLObjectType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
} from 'graphql';
import { schema } from '../../src/graphql/schema.ts';

/** A value for an argument in which every free text is hostile; undefined where there is none to be hostile in. */
function poison(type: GraphQLInputType, text: string, depth = 0): unknown {
  if (isNonNullType(type)) return poison(type.ofType, text, depth) ?? harmless(type.ofType);
  if (isListType(type)) {
    const item = poison(type.ofType, text, depth);
    return item === undefined ? undefined : [item];
  }
  if (isScalarType(type)) return type.name === 'String' || type.name === 'ID' ? text : undefined;
  if (!isInputObjectType(type) || depth > 3) return undefined;
  const fields = Object.values(type.getFields());
  const poisoned = fields.flatMap((field) => {
    const value = poison(field.type, text, depth + 1);
    return value === undefined ? [] : [[field.name, value] as const];
  });
  if (poisoned.length === 0) return undefined;
  const required = fields
    .filter((field) => isNonNullType(field.type))
    .map((field) => [field.name, harmless(field.type)] as const);
  return Object.fromEntries(type.isOneOf ? poisoned.slice(0, 1) : [...required, ...poisoned]);
}

function harmless(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return harmless(type.ofType);
  if (isListType(type)) return [];
  if (isEnumType(type)) return type.getValues().at(1)?.name;
  if (isInputObjectType(type)) return { between: { from: '2025-08-01', to: '2025-08-31' } };
  return type.name === 'LocalDate' ? '2025-08-01' : type.name === 'Boolean' ? true : 1;
}

/** One question for each argument of each field at the root that takes a text somewhere. */
export function textArguments() {
  const roots = [schema.getQueryType(), schema.getMutationType()].filter(
    (root) => root instanceof GraphQLObjectType,
  );
  return roots.flatMap((root) =>
    Object.values(root.getFields()).flatMap((field) =>
      field.args
        .filter((argument) => poison(argument.type, 'x') !== undefined)
        .map((argument) => {
          const others = field.args.filter(
            (other) => other !== argument && isNonNullType(other.type) && other.defaultValue === undefined,
          );
          const used = [argument, ...others];
          const operation = root === schema.getQueryType() ? 'query' : 'mutation';
          return {
            title: `${field.name}(${argument.name})`,
            document: `${operation} (${used.map(({ name, type }) => `$${name}: ${type}`).join(', ')}) { ${field.name}(${used.map(({ name }) => `${name}: $${name}`).join(', ')}) { __typename } }`,
            variables: (text: string) => ({
              ...Object.fromEntries(others.map((other) => [other.name, harmless(other.type)])),
              [argument.name]: poison(argument.type, text),
            }),
          };
        }),
    ),
  );
}
