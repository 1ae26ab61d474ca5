import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../access/caller.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { UtmqlError } from '../errors.ts';
import { createBudget } from '../limits/budget.ts';
import { type Limits, rateLimited } from '../limits/limits.ts';
import type { RemoteAddress } from '../limits/remote-address.ts';
import type { Clock } from '../time.ts';
import { type ShareLink, type ShareLinks, sharePath } from '../views/share-links.ts';
import type { ShareTokens } from '../views/share-token.ts';
import { addressParameters } from './address-parameters.ts';
import type { DashboardPage } from './dashboard.ts';
import { type AnswerError, answerGraphqlError, errorHeaders, statusOf } from './error-answers.ts';
import type { RequestInfo } from './graphql-call.ts';
import type { createGraphqlRoute } from './graphql-route.ts';
import { loginPolicy, notePage } from './login-page.ts';
import { languageOf, loginTexts, problemIn } from './login-texts.ts';
import { answerEarly } from './request-body.ts';
import type { CallInfo, Route } from './route.ts';
import { allowFraming } from './security-headers.ts';
import type { SharedQuestions } from './shared-questions.ts';

/**
 * What a share link opens: the page, and the answers to its questions. Of a request only the token and the place of a question are
 * read; cookies and keys are not looked at. Whatever is wrong with a link, the answer is the same.
 */
export function createShareRoutes(options: {
  links: Pick<ShareLinks, 'find'>;
  tokens: Pick<ShareTokens, 'read'>;
  questions: Pick<SharedQuestions, 'read'>;
  graphql: Pick<ReturnType<typeof createGraphqlRoute>, 'answer'>;
  page: DashboardPage;
  limits: Pick<Limits, 'countRequest'>;
  addressOf: RemoteAddress;
  /** Links that do not work, by address and minute. More are refused, and those that work are not. */
  failuresPerMinute: number;
  onRefused: () => void;
  audit: Pick<AuditLog, 'noteDenial' | 'noteOpening'>;
  /** Whose pages may show a link in a frame. */
  embedOrigins: readonly string[];
  clock: Clock;
}): Route[] {
  const { links, tokens, limits, audit, clock } = options;
  const failures = createBudget(options.failuresPerMinute);

  const refuse = async (
    request: IncomingMessage,
    { attempt, requestId }: RequestInfo,
  ): Promise<UtmqlError> => {
    const { isGranted, resetSeconds } = await failures.take(options.addressOf(request));
    if (!isGranted) {
      options.onRefused();
      return rateLimited('Too many links that do not work came from this address.', resetSeconds);
    }
    audit.noteDenial({ ...attempt, outcome: 'NOT_FOUND', requestId });
    return new UtmqlError(
      'NOT_FOUND',
      'This link does not work, or no longer. Ask whoever sent it for another one.',
    );
  };

  /** @throws UtmqlError NOT_FOUND; RATE_LIMITED */
  const open = async (
    request: IncomingMessage,
    response: ServerResponse,
    info: RequestInfo,
  ): Promise<{ readonly link: ShareLink; readonly call: CallInfo }> => {
    const { attempt, requestId } = info;
    const claim = tokens.read(addressParameters(request).get('t') ?? '', clock.now());
    if (claim === undefined) throw await refuse(request, info);
    const account = `share:${claim.linkId}`;
    const identity = {
      id: account,
      name: 'share link',
      role: 'viewer',
      policy: undefined,
      expiresAt: claim.expiresAt,
    } as const;
    attempt.actor = { ...identity, workspaces: [] };
    await limits.countRequest('requests', account, response);
    const link = await links.find(claim, { requestId });
    if (link === undefined) throw await refuse(request, info);
    const { workspace } = link;
    const caller: Caller = { ...identity, workspaces: [workspace], workspace, requestId, isGuest: true };
    attempt.actor = caller;
    attempt.workspace = workspace;
    return { link, call: { requestId, attempt, logger: info.logger, caller, account } };
  };

  const answerError: AnswerError = (request, response, error) => {
    const headers = {
      ...errorHeaders(error),
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': allowFraming(response, options.embedOrigins, loginPolicy),
    };
    const language = languageOf(request);
    const page = notePage(language, loginTexts(language).sharedView, problemIn(language, error));
    answerEarly(request, response, statusOf(error), headers, page);
  };

  return [
    {
      method: 'GET',
      path: sharePath,
      access: 'everybody',
      answerError,
      async handle(request, response, info) {
        const started = performance.now();
        response.setHeader('Cache-Control', 'no-store');
        const { link, call } = await open(request, response, info);
        const { id, viewId, name, address, questions } = link;
        const documents = questions.map(({ documentId }) => documentId);
        await options.page.send(
          request,
          response,
          { share: { name, address, documents } },
          options.embedOrigins,
        );
        audit.noteOpening({
          action: sharePath,
          outcome: 'ok',
          actor: call.caller,
          workspace: link.workspace,
          requestId: info.requestId,
          durationMs: performance.now() - started,
          details: { ids: [viewId, id] },
        });
      },
    },
    {
      method: 'GET',
      path: `${sharePath}/answers`,
      access: 'everybody',
      answerError: answerGraphqlError,
      async handle(request, response, info) {
        response.setHeader('Cache-Control', 'no-store');
        const { link, call } = await open(request, response, info);
        const place = addressParameters(request).get('question') ?? '';
        const question = /^\d$/.test(place) ? link.questions[Number(place)] : undefined;
        if (question === undefined)
          throw new UtmqlError(
            'NOT_FOUND',
            `This link answers the questions 0 to ${link.questions.length - 1}.`,
          );
        await options.graphql.answer(request, response, call, (model) =>
          options.questions.read(question, model),
        );
      },
    },
  ];
}
