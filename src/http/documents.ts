import { type DocumentNode, getOperationAST, Lexer, parse, Source, TokenKind } from 'graphql';
import { LRUCache } from 'lru-cache';
import {
  checkShape,
  type DocumentLimits,
  maxDocumentBytes,
  maxNesting,
  maxTokens,
  tooComplex,
} from './query-limits.ts';

/** Characters of documents that are kept parsed; a parsed document takes some 100 times its text. */
const keptCharacters = 300_000;

/** Characters of documents that are known to have been asked once. */
const rememberedCharacters = 300_000;

/** Parses GraphQL documents, within limits, and keeps those that are asked again. */
export interface Documents {
  /**
   * Call it once for each request: a document is kept parsed from the second time on. Most that a program has put values
   * into are never asked again, and what is kept for long is costly to let go of.
   *
   * @throws GraphQLError QUERY_TOO_COMPLEX, or graphql-js's own about the syntax
   */
  parse(text: string): DocumentNode;
  /** Other limits, also for what is kept. */
  change(limits: DocumentLimits): void;
}

export function createDocuments(initial: DocumentLimits): Documents {
  let limits = initial;
  const parsed = new LRUCache<string, DocumentNode>({
    maxSize: keptCharacters,
    sizeCalculation: (_document, text) => text.length + 1,
  });
  const asked = new LRUCache<string, true>({
    maxSize: rememberedCharacters,
    sizeCalculation: (_asked, text) => text.length + 1,
  });
  return {
    parse(text) {
      const known = parsed.get(text);
      if (known) return known;
      const document = parseWithinLimits(text, limits);
      if (asked.delete(text)) parsed.set(text, document);
      else asked.set(text, true);
      return document;
    },
    change(next) {
      limits = next;
      parsed.clear();
    },
  };
}

function parseWithinLimits(text: string, limits: DocumentLimits): DocumentNode {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxDocumentBytes) {
    throw tooComplex(
      `The query is ${bytes} bytes long; at most ${maxDocumentBytes} are allowed. Send values as variables, or split it into several requests.`,
    );
  }
  checkTokens(text);
  const document = parse(text);
  checkShape(document, limits);
  return document;
}

/** A look at brackets and length before the parser, which recurses: thousands of levels would exhaust its stack. */
function checkTokens(text: string): void {
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  let nesting = 0;
  for (let { kind } = lexer.advance(); kind !== TokenKind.EOF; { kind } = lexer.advance()) {
    if (opening.has(kind)) nesting += 1;
    else if (closing.has(kind)) nesting -= 1;
    tokens += 1;
    if (nesting > maxNesting)
      throw tooComplex(`The query nests more than ${maxNesting} deep. Ask for less of what is nested.`);
    if (tokens > maxTokens) {
      throw tooComplex(
        `The query has more than ${maxTokens} words and brackets. Send values as variables, or split it into several requests.`,
      );
    }
  }
}

const opening = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** The operation that a request is for; undefined where its name does not settle it. */
export const operationOf = (document: DocumentNode, operationName: string | null | undefined) =>
  getOperationAST(document, operationName) ?? undefined;
