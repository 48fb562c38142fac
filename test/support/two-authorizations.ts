import { request as httpRequest } from 'node:http';

/** The status of a request with two Authorization headers, which `fetch` would join. */
export async function askedWithTwo(
  url: string,
  method: string,
  bearers: readonly [string, string],
  body?: object,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, {
      method,
      agent: false,
      headers: {
        Authorization: bearers.map((one) => `Bearer ${one}`),
        ...(body && { 'Content-Type': 'application/json' }),
      },
    });
    asked.on('error', reject).on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.end(body && JSON.stringify(body));
  });
}
