import { type GraphQLError, validate } from 'graphql';
import { isAllowed } from '../access/grants.ts';
import { badInput, UtmqlError } from '../errors.ts';
import { schemaOf } from '../graphql/model-schema.ts';
import type { Model } from '../metrics/model.ts';
import type { SharedQuestion } from '../views/share-links.ts';
import { coerceVariables } from './coerce-variables.ts';
import { type Documents, operationOf } from './documents.ts';
import { requirementsOf } from './graphql-access.ts';
import type { Question } from './graphql-params.ts';
import type { PersistedDocuments } from './persisted-documents.ts';
import { checkQueryVariables } from './query-limits.ts';

/** The questions of a page, with room for another tile or two. */
const maxQuestions = 4;
/** Bytes of all questions of a link as JSON. */
const maxBytes = 64_000;

/** What share links may ask: documents of the manifests that show figures and nothing else. */
export interface SharedQuestions {
  /**
   * Returns questions as a link keeps them.
   *
   * @throws UtmqlError BAD_USER_INPUT with what is wrong with them
   */
  check(given: readonly SharedQuestion[], model: Model | undefined): Promise<readonly SharedQuestion[]>;
  /**
   * Returns a question of a link as it is asked now.
   *
   * @throws UtmqlError NOT_FOUND if its document is not in the manifests any more, or may not be shown
   */
  read(question: SharedQuestion, model: Model | undefined): Question;
}

export function createSharedQuestions(options: {
  persisted: PersistedDocuments;
  documents: Documents;
}): SharedQuestions {
  const { persisted, documents } = options;

  /** What a document is, and why it cannot be shared, if it cannot. */
  const look = (documentId: string, model: Model | undefined) => {
    const query = persisted.listed(documentId);
    if (query === undefined)
      return {
        problem: `no manifest of this server has the document ${JSON.stringify(documentId.slice(0, 80))}`,
      };
    const document = documents.parse(query);
    const operation = operationOf(document, undefined);
    if (operation?.operation !== 'query') return { problem: 'a link answers a single query' };
    const schema = schemaOf(model);
    const { grants, introspection, unshareable } = requirementsOf(schema, document, operation);
    const hidden =
      unshareable ??
      introspection ??
      [...grants].find(([grant]) => !isAllowed({ role: 'viewer' }, grant))?.[1];
    if (hidden !== undefined) return { problem: `a link cannot show ${hidden}` };
    return { query, document, operation, schema };
  };

  return {
    async check(given, model) {
      if (given.length === 0 || given.length > maxQuestions)
        throw badInput(`questions: ${given.length} are given; a link answers 1 to ${maxQuestions}.`);
      if (Buffer.byteLength(JSON.stringify(given)) > maxBytes)
        throw badInput(`questions: they are longer than ${maxBytes} bytes. Ask with fewer values.`);
      const checked: SharedQuestion[] = [];
      for (const [index, { documentId, variables }] of given.entries()) {
        const refuse = (what: string): UtmqlError => badInput(`questions[${index}]: ${what}.`);
        const found = look(documentId, model);
        if (found.problem !== undefined) throw refuse(found.problem);
        const { query, document, operation, schema } = found;
        const [invalid] = validate(schema, document);
        if (invalid) throw refuse(withoutDot(invalid));
        checkQueryVariables(variables);
        const { errors: [wrong] = [] } = await coerceVariables(schema, operation, variables, 1);
        if (wrong) throw refuse(withoutDot(wrong));
        const name = operation.name?.value;
        const isNamed = name !== undefined && persisted.listed(name) === query;
        checked.push({ documentId: isNamed ? name : documentId, variables });
      }
      return checked;
    },
    read({ documentId, variables }, model) {
      const { query, document, problem } = look(documentId, model);
      if (problem !== undefined)
        throw new UtmqlError('NOT_FOUND', `This part of the link cannot be shown any more: ${problem}.`);
      return { query, document: () => document, isListed: true, variables };
    },
  };
}

const withoutDot = ({ message }: GraphQLError): string => message.replace(/\.$/, '');
