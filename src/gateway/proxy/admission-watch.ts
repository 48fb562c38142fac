import { ToolgateError } from '../../errors/toolgate-error.js';

/** Soon enough that what was revoked is cut off within a second, where answers of the issuer are kept for half of one, too. */
const EVERY_MS = 250;

/**
 * Asks again and again, while an answer is on its way, whether its caller may still have it. Where that cannot be told just
 * now the answer goes on, as everything does that began in time.
 *
 * @returns what ends the asking
 */
export function watchAdmission(
  ask: () => Promise<void>,
  refused: (refusal: ToolgateError) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const again = () => {
    if (over) return;
    timer = setTimeout(() => {
      ask().then(again, (error: unknown) => {
        if (error instanceof ToolgateError && error.status < 500) {
          if (!over) refused(error);
        } else again();
      });
    }, EVERY_MS).unref();
  };
  again();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
