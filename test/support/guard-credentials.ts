import { createHmac } from 'node:crypto';
import { exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import { ResourcesRepository } from '../../src/resources/resources.repository.js';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { OauthDriver } from './oauth.js';
import type { TestService } from './harness.js';

/** The scopes of the resource that a guard stands before. */
export interface GuardedScopes {
  readonly read: string;
  readonly write: string;
}

type Name = 'good' | 'reader' | 'garbage' | 'expired' | 'wrongAudience' | 'siblingPath' | 'twoAudiences' | 'wrongTyp' | 'idToken'
  | 'algNone' | 'hs256' | 'stranger' | 'refreshToken' | 'revoked' | 'disabled' | 'key' | 'readerKey' | 'mistypedKey'
  | 'revokedKey' | 'expiredKey' | 'keyElsewhere' | 'keyHere' | 'keyOfAnother'; // prettier-ignore
export type GuardCredentials = Readonly<Record<Name, string>>;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload;

/** Enters a resource with two scopes at the service. */
export async function enterResource(
  service: TestService,
  identifier: string,
  { read, write }: GuardedScopes,
): Promise<void> {
  const scopes = [read, write].map((name) => ({ name, description: name }));
  const resource = { identifier, name: identifier, scopes, defaultScopes: [read, write], tools: [] };
  await service.app.get(ResourcesRepository).save(resource, new Date());
}

/** One credential of every kind for this resource, good and bad, from the running service. Takes a second or two. */
export async function makeGuardCredentials(
  service: TestService,
  resource: string,
  scopes: GuardedScopes,
): Promise<GuardCredentials> {
  const both = `${scopes.read} ${scopes.write}`;
  const oauth = new OauthDriver(service);
  const sibling = `${resource}/sibling`;
  await enterResource(service, sibling, scopes);
  const connect = async (scope: string, at = resource) => {
    const person = await service.person();
    const { answer } = await oauth.connect(person, { scope, resource: at });
    if (answer.status !== 200) throw new Error(answer.text);
    return { person, ...(answer.body as { access_token: string; refresh_token: string; id_token: string }) };
  };
  const good = await connect(`openid ${both}`);
  const ended = await connect(both);
  await service.call('POST', '/oauth/revoke', {
    body: new URLSearchParams({
      token: ended.access_token,
      client_id: String(claimsOf(ended.access_token)['client_id']),
    }).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  const disabled = await connect(both);
  const keyOf = async (body: object) => {
    const made = await service.call('POST', '/keys', {
      bearer: good.person.accessToken,
      body: { name: 'guard', resource, scopes: [scopes.read, scopes.write], ...body },
    });
    if (made.status !== 201) throw new Error(made.text);
    return made.body as { id: string; key: string; expires_at: string | null };
  };
  const key = (await keyOf({})).key;
  const revokedKey = await keyOf({});
  await service.call('DELETE', `/keys/${revokedKey.id}`, { bearer: good.person.accessToken });
  const expiredKey = await keyOf({ expires_in: 1 });
  await service.app.get(UsersRepository).disable(disabled.person.email, new Date());
  const forged = await forgeries(service, good.access_token, sibling);
  const made: GuardCredentials = {
    ...forged,
    good: good.access_token,
    reader: (await connect(scopes.read)).access_token,
    garbage: 'garbage',
    siblingPath: (await connect(scopes.read, sibling)).access_token,
    idToken: good.id_token,
    refreshToken: good.refresh_token,
    revoked: ended.access_token,
    disabled: disabled.access_token,
    key,
    readerKey: (await keyOf({ scopes: [scopes.read] })).key,
    mistypedKey: key.slice(0, -1) + (key.endsWith('0') ? '1' : '0'),
    revokedKey: revokedKey.key,
    expiredKey: expiredKey.key,
    keyElsewhere: (await keyOf({ allowed_cidrs: ['192.0.2.0/24'] })).key,
    keyHere: (await keyOf({ allowed_cidrs: ['127.0.0.0/8', '::1'] })).key,
    keyOfAnother: (await keyOf({ resource: sibling })).key,
  };
  // What was ended is refused everywhere within a second; the short-lived key is past its end by then.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  return made;
}

async function forgeries(service: TestService, genuine: string, sibling: string) {
  const ring = service.app.get(KeyRing);
  const { kid, key, algorithm } = ring.signingKey();
  const claims = claimsOf(genuine);
  const now = Math.floor(Date.now() / 1000);
  const sign = (payload: JWTPayload, header: object = {}, by: Parameters<SignJWT['sign']>[0] = key) =>
    new SignJWT(payload).setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid, ...header }).sign(by);
  const publicKey = await importJWK(ring.jwks().keys[0] ?? {}, algorithm, { extractable: true });
  if (publicKey instanceof Uint8Array) throw new Error('not a public key');
  const body = genuine.split('.')[1] ?? '';
  const unsigned = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${body}`;
  const mac = createHmac('sha256', await exportSPKI(publicKey))
    .update(unsigned)
    .digest('base64url');
  return {
    expired: await sign({ ...claims, iat: now - 1000, exp: now - 100 }),
    wrongAudience: await sign({ ...claims, aud: 'https://elsewhere.example/mcp' }),
    twoAudiences: await sign({ ...claims, aud: [String(claims.aud), sibling] }),
    wrongTyp: await sign(claims, { typ: 'JWT' }),
    algNone: `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${body}.`,
    hs256: `${unsigned}.${mac}`,
    stranger: await sign(claims, {}, (await generateKeyPair('ES256')).privateKey),
  };
}
