import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose';
import { issuer, resource } from './worker.mjs';

const SCOPES = ['notes:read', 'notes:write'];
const jwk = JSON.parse(process.env.PRIVATE_JWK);
const privateKey = await importJWK(jwk, 'ES256');
const { kty, crv, x, y } = jwk;
export const jwks = { keys: [{ kty, crv, x, y, kid: 'peer', alg: 'ES256', use: 'sig' }] };
const keySet = createLocalJWKSet(jwks);

/** What a resource server has to check of a token (RFC 9068 section 4), with the keys at hand. */
export async function verify(token) {
  const { payload } = await jwtVerify(token, keySet, {
    issuer,
    audience: resource,
    typ: 'at+jwt',
    algorithms: ['ES256'],
  });
  return payload;
}

export const whoami = ({ sub, sid, client_id, scopes }) => {
  const structuredContent = { kind: 'user', user_id: sub, session_id: sid, client_id, scopes, resource };
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
};

export const answers = {
  async tokens({ count }) {
    const one = (index) =>
      new SignJWT({ client_id: 'bench', scope: SCOPES.join(' '), sid: `session-${index}` })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'peer' })
        .setIssuer(issuer)
        .setAudience(resource)
        .setSubject(`user-${index}`)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey);
    return Promise.all(Array.from({ length: count }, (_, index) => one(index)));
  },
};
