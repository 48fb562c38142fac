import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { askedWithTwo } from '../support/two-authorizations.js';
import { PASSWORD, startTestService, type TestService } from '../support/harness.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const register = (body: unknown) => service.call('POST', '/auth/register', { body });
const login = (body: unknown) => service.call('POST', '/auth/login', { body });
const refresh = (token: string) => service.call('POST', '/auth/refresh', { body: { refresh_token: token } });
const me = (bearer: string) => service.call('GET', '/auth/me', { bearer });

describe('registration', () => {
  test('answers 201 with the account and never the password', async () => {
    const answer = await register({
      email: 'New@Example.com',
      password: PASSWORD,
      name: 'New',
      role: 'admin',
      scopes: ['admin'],
    });
    expect(answer.status).toBe(201);
    expect(answer.body.user).toMatchObject({ email: 'New@Example.com', name: 'New' });
    expect(answer.body.user.scopes).not.toContain('admin');
    expect(answer.text).not.toContain('hash');
  });

  test('refuses an address that is taken, in any case: of 20 at once one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        register({ email: n % 2 ? 'race@example.com' : 'RACE@example.com', password: PASSWORD }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  test.each([
    ['password1', 'weak_password'],
    ['short', 'invalid_input'],
    ['qwertyuiop', 'weak_password'],
  ])('refuses the password %s with advice', async (password, code) => {
    const answer = await register({ email: 'weak@example.com', password });
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.code).toBe(code);
    expect((answer.body.advice ?? answer.body.errors).length).toBeGreaterThan(0);
  });

  test.each([
    [{ email: 'not-an-address', password: PASSWORD }, '/email'],
    [{ email: 'homoglyph＠example.com', password: PASSWORD }, '/email'],
    [{ email: 'kelvin\u212A@example.com', password: PASSWORD }, '/email'],
    [{ email: 'nul@example.com', password: `${PASSWORD}\u0000` }, '/password'],
    [{ email: ['a@example.com'], password: PASSWORD }, '/email'],
  ])('names the bad field of %j', async (body, pointer) => {
    const answer = await register(body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test.each(['', '{', '[]', 'null', '"x"', '{"__proto__":{"a":1}}'])(
    'answers the body %j with a 4xx',
    async (body) => {
      const answer = await service.call('POST', '/auth/register', {
        body,
        headers: { 'Content-Type': 'application/json' },
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    },
  );
});

describe('login', () => {
  test('gives a pair that names its granted scope, and the unknown and the wrong are one answer', async () => {
    const person = await service.person();
    const wrong = await login({ email: person.email, password: 'wrong-password' });
    const unknown = await login({ email: 'nobody@example.com', password: 'wrong-password' });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    const { request_id: _a, ...wrongBody } = wrong.body;
    const { request_id: _b, ...unknownBody } = unknown.body;
    expect(wrongBody).toEqual(unknownBody);
    const narrow = await login({
      email: person.email.toUpperCase(),
      password: PASSWORD,
      scope: 'notes:read nonsense:do',
    });
    expect(narrow.body).toMatchObject({ token_type: 'Bearer', expires_in: 900, scope: 'notes:read' });
    expect(narrow.headers.get('cache-control')).toBe('no-store');
  });

  test('is limited per account however many guess at once, and says how long to wait', async () => {
    const person = await service.person();
    const answers = await Promise.all(
      Array.from({ length: 15 }, () => login({ email: person.email, password: 'guess' })),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited).toHaveLength(5);
    expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(limited[0]?.headers.get('ratelimit-policy')).toContain('"login-account";q=10;w=900');
    expect((await login({ email: person.email.toUpperCase(), password: PASSWORD })).status).toBe(429);
  });
});

describe('refresh', () => {
  test('50 at once get one successor, the same for all', async () => {
    const { refreshToken } = await service.person();
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(refreshToken)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.refresh_token as string)).size).toBe(1);
    expect((await refresh(answers[0]?.body.refresh_token)).status).toBe(200);
  });

  test('after the window a reuse ends the family, its access tokens included', async () => {
    const { refreshToken } = await service.person();
    const first = await refresh(refreshToken);
    service.clock.advance(31);
    const reused = await refresh(refreshToken);
    expect([reused.status, reused.body.code]).toEqual([401, 'reused_refresh_token']);
    expect((await refresh(first.body.refresh_token)).status).toBe(401);
    expect((await me(first.body.access_token)).body.code).toBe('revoked_token');
  });

  test('tells expired from invalid, and an idle token from a used one', async () => {
    const { refreshToken } = await service.person();
    service.clock.advance(1_209_601);
    expect((await refresh(refreshToken)).body.code).toBe('expired_refresh_token');
    expect((await refresh(`tgr_${'A'.repeat(64)}`)).body.code).toBe('invalid_refresh_token');
    expect((await refresh('nonsense')).body.code).toBe('invalid_refresh_token');
  });

  test('racing a logout never leaves a living token, in 200 rounds', async () => {
    for (let round = 0; round < 200; round += 10) {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          const person = await login200();
          const [refreshed] = await Promise.all([
            refresh(person.refresh_token),
            service.call('POST', '/auth/logout', { body: { refresh_token: person.refresh_token } }),
          ]);
          const tokens = refreshed.status === 200 ? refreshed.body : person;
          expect((await refresh(tokens.refresh_token)).status).toBe(401);
          expect((await me(tokens.access_token)).status).toBe(401);
        }),
      );
    }
  }, 120_000);
});

let racer: { email: string } | undefined;
/** One account is enough: every login is a session of its own. */
async function login200(): Promise<{ access_token: string; refresh_token: string }> {
  racer ??= await service.person();
  const answer = await login({ email: racer.email, password: PASSWORD });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body;
}

describe('sessions', () => {
  test('are listed to their owner alone, and ended by id or by logout with the bearer', async () => {
    const [one, other] = await Promise.all([service.person(), service.person()]);
    const listed = await service.call('GET', '/auth/sessions', { bearer: one.accessToken });
    expect(listed.body.sessions).toHaveLength(1);
    const [{ id, current }] = listed.body.sessions;
    expect(current).toBe(true);
    expect((await service.call('DELETE', `/auth/sessions/${id}`, { bearer: other.accessToken })).status).toBe(
      404,
    );
    expect((await service.call('DELETE', `/auth/sessions/${id}`, { bearer: one.accessToken })).status).toBe(
      204,
    );
    expect((await me(one.accessToken)).status).toBe(401);
    expect((await service.call('POST', '/auth/logout', { bearer: other.accessToken })).status).toBe(204);
    expect((await me(other.accessToken)).status).toBe(401);
  });

  test('do not end by a logout that carries two bearers: which of them was meant is not for us to guess', async () => {
    const [one, other] = await Promise.all([service.person(), service.person()]);
    const url = `${service.url}/auth/logout`;
    for (const bearers of [
      [one.accessToken, other.accessToken],
      ['x', one.accessToken],
    ] as const)
      expect(await askedWithTwo(url, 'POST', bearers)).toBe(400);
    expect(await askedWithTwo(url, 'POST', ['x', 'y'], { refresh_token: one.refreshToken })).toBe(400);
    expect((await me(one.accessToken)).status).toBe(200);
    expect((await me(other.accessToken)).status).toBe(200);
  });
});
