import type { z } from 'zod';

/** JSON Schema of OpenAPI 3.1: draft 2020-12. */
type Schema = z.ZodType | Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'header';
  readonly description: string;
  readonly schema: Schema;
  readonly isRequired?: true;
}

interface Answer {
  readonly description: string;
  /** By media type; undefined: without a body. */
  readonly content?: Readonly<Record<string, Schema>>;
}

/** A request that is sent, and the answer that it gets. `test/openapi` sends each. */
interface Example {
  readonly name: string;
  readonly summary: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Media type and text, or value, of the body. */
  readonly body?: { readonly type: string; readonly value: unknown };
  readonly status: number;
  readonly answer?: { readonly type: string; readonly value: unknown };
}

/** A method of an endpoint, as OpenAPI has it. */
export interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Nobody is asked who they are. */
  readonly isPublic?: true;
  readonly parameters?: readonly Parameter[];
  /** By media type. */
  readonly body?: Readonly<Record<string, Schema>>;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly examples: readonly Example[];
}

export type { Answer, Example, Parameter, Schema };
