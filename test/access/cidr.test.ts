import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addressAllowed } from '../../src/access/cidr.js';
import { startTestService, type TestService } from '../support/harness.js';

let service: TestService;
let bearer: string;
beforeAll(async () => {
  service = await startTestService();
  bearer = (await service.person()).accessToken;
});
afterAll(() => service.stop());

test.each([
  '010.0.0.0/8', '127.1/32', '0x7f.0.0.1/32', '2130706433/32', '10.0.0.0/33', '::1/129', '10.0.0.0/08',
  '10.0.0.0/8 ', 'fe80::1%eth0/64', 'any', '',
])('a key cannot be bound to %p', async (cidr) => {
  const answer = await service.call('POST', '/keys', { bearer, body: { name: 'k', allowed_cidrs: [cidr] } });
  expect([answer.status, answer.body.code]).toEqual([422, 'invalid_input']);
}); // prettier-ignore

test.each([
  ['10.0.0.0/8', '10.200.3.4', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.0/8', '::ffff:10.1.1.1', true],
  ['192.0.2.7/32', '192.0.2.7', true],
  ['2001:db8::/32', '2001:db8:1::1', true],
  ['2001:db8::/32', '10.0.0.1', false],
  ['0.0.0.0/0', '2001:db8::1', false],
])('%s lets %s in: %p', (cidr, address, allowed) => {
  expect(addressAllowed([cidr], address)).toBe(allowed);
});

test('a key bound elsewhere is refused here with 403, also when it was just verified', async () => {
  const make = (cidrs: string[]) =>
    service.call('POST', '/keys', { bearer, body: { name: 'k', allowed_cidrs: cidrs } });
  const [here, elsewhere] = [await make(['127.0.0.0/8']), await make(['192.0.2.0/24'])];
  for (let n = 0; n < 2; n += 1) {
    expect((await service.call('GET', '/auth/me', { bearer: here.body.key })).status).toBe(200);
    const refused = await service.call('GET', '/auth/me', { bearer: elsewhere.body.key });
    expect([refused.status, refused.body.code]).toEqual([403, 'address_not_allowed']);
  }
});
