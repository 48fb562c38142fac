import { Injectable, Logger } from '@nestjs/common';
import { uuidv7 } from '../../crypto/uuid.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { OAuthError, PageError } from '../../errors/oauth-error.js';
import { ResourcesRepository } from '../../resources/resources.repository.js';
import { type Client, nameOf } from '../clients/client.js';
import { ClientsService } from '../clients/clients.service.js';
import { printable, readParameters } from '../parameters.js';
import type { AuthorizationRequest } from './authorization-request.js';
import { RedirectableError, type ValidatedRedirect, validateRedirect } from './authorization-response.js';
import { CHECKS, type Draft } from './authorize-checks.js';

const LONGEST_REDIRECT = 2048;

/** Turns what came to `/oauth/authorize` into a request that can be answered, or into the right refusal. */
@Injectable()
export class AuthorizeService {
  private readonly log = new Logger(AuthorizeService.name);

  constructor(
    private readonly clients: ClientsService,
    private readonly resources: ResourcesRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * @param raw the parsed query or form
   * @throws PageError while the redirect is not proven (spec S7): a person reads what failed.
   * @throws RedirectableError afterwards: the client reads it.
   */
  async validate(raw: unknown): Promise<AuthorizationRequest> {
    const { parameters, repeated } = readParameters(raw);
    const client = await this.clientOf(parameters.get('client_id'), repeated);
    const redirect = this.redirectOf(
      client,
      parameters.get('redirect_uri'),
      parameters.get('state'),
      repeated,
    );
    const draft: Draft = {
      client,
      parameters,
      repeated,
      findResource: (identifier) => this.resources.find(identifier),
      defaultResource: this.config.resource,
    };
    for (const [name, check] of CHECKS) {
      try {
        await check(draft);
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error;
        this.log.debug({ client: client.clientId, check: name, reason: error.message });
        throw new RedirectableError(redirect, error);
      }
    }
    const { resource, scopes = [], prompt = [], maxAge } = draft;
    return {
      id: uuidv7(),
      clientId: client.clientId,
      redirect,
      resource: resource?.identifier ?? this.config.resource,
      scopes,
      codeChallenge: parameters.get('code_challenge') ?? '',
      nonce: parameters.get('nonce'),
      prompt,
      maxAge,
      loginHint: parameters.get('login_hint'),
      createdAt: this.clock.now().getTime(),
    };
  }

  private async clientOf(clientId: string | undefined, repeated: ReadonlySet<string>): Promise<Client> {
    if (repeated.has('client_id') || clientId === undefined)
      throw new PageError('invalid_request', {
        title: 'This link cannot be followed',
        what: `The app that sent you here ${clientId === undefined ? 'did not say which app it is' : 'named itself twice'}: client_id must be there once.`,
        mend: [
          'Go back to the app and connect again.',
          'For its developer: send client_id once, from your registration.',
        ],
      });
    const found = await this.clients.findOrExplain(clientId);
    if ('client' in found) return found.client;
    throw new PageError('invalid_client', {
      title: 'This app is not known here',
      what: found.problem,
      mend: [
        'Remove the connection in the app and add it again, so that it registers anew.',
        'For its developer: register at /oauth/register, or publish a client metadata document at your client_id.',
      ],
      client: printable(clientId),
    });
  }

  private redirectOf(
    client: Client,
    uri: string | undefined,
    state: string | undefined,
    repeated: ReadonlySet<string>,
  ): ValidatedRedirect {
    const registered = client.metadata.redirect_uris;
    const [only, ...more] = registered;
    // RFC 6749 section 3.1.2.3: it may be left out where there is but one.
    const wanted = uri ?? (more.length === 0 ? only : undefined);
    const usable = !repeated.has('redirect_uri') && wanted !== undefined && wanted.length <= LONGEST_REDIRECT;
    const redirect = usable
      ? validateRedirect(client, wanted, repeated.has('state') ? undefined : state)
      : undefined;
    if (redirect) return redirect;
    throw new PageError('invalid_redirect_uri', {
      title: 'This app asks to be answered at an address it did not register',
      what: 'To keep your sign-in from reaching a stranger, you were not sent there.',
      mend: [
        'Remove the connection in the app and add it again.',
        'For its developer: redirect_uri must equal a registered one; only the port of localhost, 127.0.0.1 and [::1] may differ.',
      ],
      client: nameOf(client),
      details: [
        {
          name: 'asked for',
          value: repeated.has('redirect_uri') ? '(more than one)' : (wanted ?? '(none)').slice(0, 300),
        },
        ...registered.slice(0, 10).map((value) => ({ name: 'registered', value })),
      ],
    });
  }
}
