import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/config.js';
import { selfSigned } from '../outbound/self-signed.js';

const problem = (env: Record<string, string>): string => {
  try {
    loadConfig(env);
    return '';
  } catch (error) {
    return String(error);
  }
};

describe('settings of messages', () => {
  test.each(['127.0.0.1:4010', 'localhost:0', '[::1]:4010'])('%s is taken', (address) => {
    expect(problem({ MICROSERVICE_TCP: address })).toBe('');
  });

  test.each(['4010', '127.0.0.1', '127.0.0.1:99999', '[::g]:1', 'http://127.0.0.1:1'])(
    '%s is no address',
    (address) => {
      expect(problem({ MICROSERVICE_TCP: address })).toContain('MICROSERVICE_TCP must be host:port');
    },
  );

  test('a network address needs TLS, or somebody who says that it is safe', () => {
    const env = { MICROSERVICE_TCP: '0.0.0.0:4010' };
    expect(problem(env)).toContain('MICROSERVICE_TCP must be a loopback address');
    expect(problem({ ...env, MICROSERVICE_PLAINTEXT: 'true' })).toBe('');
    const { cert, key } = selfSigned('localhost');
    expect(problem({ ...env, MICROSERVICE_TLS_CERT: cert, MICROSERVICE_TLS_KEY: key })).toBe('');
    expect(problem({ ...env, MICROSERVICE_TLS_CERT: cert })).toContain('must be set together');
    const other = selfSigned('localhost').key;
    expect(problem({ ...env, MICROSERVICE_TLS_CERT: cert, MICROSERVICE_TLS_KEY: other })).toContain(
      'must be a certificate and its key',
    );
  });

  test('NATS elsewhere needs TLS, and the password is not said', () => {
    const url = (scheme: string, host: string) => `${scheme}://me:hunter2hunter2@${host}:4222`;
    expect(problem({ MICROSERVICE_NATS_URL: url('nats', '127.0.0.1') })).toBe('');
    expect(problem({ MICROSERVICE_NATS_URL: url('tls', 'nats.example.com') })).toBe('');
    for (const bad of [url('nats', 'nats.example.com'), url('http', '127.0.0.1'), 'nats://'])
      expect(problem({ MICROSERVICE_NATS_URL: bad })).toMatch(/MICROSERVICE_NATS_URL must be(?!.*hunter2)/);
  });
});
