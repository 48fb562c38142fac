import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { reservePort } from '../support/port.js';

export interface OidcAccount {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
}

export const CLIENT = {
  client_id: 'toolgate-test',
  client_secret: randomBytes(24).toString('base64url'),
};

interface GrantContext {
  oidc: { client: { clientId: string }; session: { accountId: string }; provider: Provider };
}

/** A real OpenID provider whose login is whoever `account` is at the moment. */
export class OidcServer {
  account: OidcAccount = { sub: 'nobody' };
  private readonly server = createServer();
  private constructor(
    private readonly port: number,
    readonly issuer: string,
  ) {}

  static async prepare(): Promise<OidcServer> {
    const port = await reservePort();
    return new OidcServer(port, `http://127.0.0.1:${port}`);
  }

  /** After Toolgate has started: only then its port is known. */
  async start(redirectUris: string[]): Promise<void> {
    const accounts = new Map<string, OidcAccount>();
    const provider = new Provider(this.issuer, {
      clients: [{ ...CLIENT, redirect_uris: redirectUris, response_types: ['code'] }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      cookies: { keys: [randomBytes(16).toString('hex')] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: () => '/sign-in' },
      findAccount: (_context: unknown, id: string) => ({
        accountId: id,
        claims: () => ({ ...accounts.get(id), sub: id }),
      }),
      loadExistingGrant: async ({ oidc }: GrantContext) => {
        const grant = new oidc.provider.Grant({
          accountId: oidc.session.accountId,
          clientId: oidc.client.clientId,
        });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
    });
    const handle = provider.callback();
    this.server.on('request', (request, response) => {
      if (request.url !== '/sign-in') {
        handle(request, response);
        return;
      }
      accounts.set(this.account.sub, this.account);
      void provider.interactionFinished(request, response, { login: { accountId: this.account.sub } });
    });
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
