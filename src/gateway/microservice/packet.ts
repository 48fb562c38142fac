import { z } from 'zod';

/** A request of Nest's own protocol. What has no id wants no answer, and we have nothing to do that no one hears of. */
const Packet = z.object({
  pattern: z.string().max(100),
  id: z.union([z.string().max(200), z.number()]),
  data: z.unknown(),
});

type RequestPacket = z.output<typeof Packet>;

export function readPacket(raw: unknown): RequestPacket | undefined {
  const parsed = Packet.safeParse(raw);
  return parsed.success ? parsed.data : undefined;
}

/** The answer to what is no request. */
export const MALFORMED = {
  err: {
    status: 400,
    error: 'invalid_request',
    error_description: 'This is not a request of a Nest client.',
  },
  isDisposed: true,
};

/** Has the sender guessed at secrets too often? */
export const isGuessing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'status' in error && error.status === 429;
