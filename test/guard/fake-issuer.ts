import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { reservePort } from '../support/port.js';

export const RESOURCE = 'https://pages.example/mcp';

/** An issuer that can be made to misbehave; what it is asked is counted. */
export class FakeIssuer {
  readonly asked = { metadata: 0, jwks: 0, introspection: 0 };
  readonly authorizations: (string | undefined)[] = [];
  /** Undefined answers as an issuer should. */
  trouble: 'silent' | 'error' | 'html' | 'redirect' | undefined;
  named: string | undefined;
  introspected: (token: string) => object = () => ({ active: false });
  private published: JWK[] = [];
  private signing!: { kid: string; key: CryptoKey };
  private server: Server | undefined;

  private constructor(private readonly port: number) {}

  static async start(): Promise<FakeIssuer> {
    const issuer = new FakeIssuer(await reservePort());
    await issuer.rotate();
    await issuer.listen();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A new key signs; the ones before it stay published. */
  async rotate(): Promise<void> {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const kid = randomUUID();
    this.published = [
      ...this.published,
      { ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' },
    ];
    this.signing = { kid, key: pair.privateKey };
  }

  forgetOldKeys(): void {
    this.published = this.published.slice(-1);
  }

  async token(claims: JWTPayload = {}, header: object = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const { kid, key } = this.signing;
    return new SignJWT({
      iss: this.url,
      sub: randomUUID(),
      aud: RESOURCE,
      client_id: 'client',
      scope: 'pages:read',
      iat: now,
      exp: now + 900,
      jti: randomUUID(),
      sid: randomUUID(),
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header })
      .sign(key);
  }

  async listen(): Promise<void> {
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const answer = this.answer(request.url ?? '', body, request.headers.authorization);
        if (this.trouble === 'silent') return;
        if (this.trouble === 'error') response.statusCode = 500;
        if (this.trouble === 'redirect') response.writeHead(302, { Location: `${this.url}/elsewhere` });
        response.end(this.trouble === 'html' ? '<html>' : JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => this.server?.listen(this.port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private answer(path: string, body: string, authorization: string | undefined): object {
    switch (path) {
      case '/.well-known/oauth-authorization-server':
        this.asked.metadata += 1;
        return {
          issuer: this.named ?? this.url,
          jwks_uri: `${this.url}/jwks`,
          introspection_endpoint: `${this.url}/introspect`,
        };
      case '/jwks':
        this.asked.jwks += 1;
        return { keys: this.published };
      case '/introspect':
        this.asked.introspection += 1;
        this.authorizations.push(authorization);
        return this.introspected(new URLSearchParams(body).get('token') ?? '');
      default:
        return {};
    }
  }
}
