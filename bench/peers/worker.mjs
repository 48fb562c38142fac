/** What every peer is told: its port, and the environment that its contender gives it. */
export const port = Number(process.argv[2]);
export const issuer = process.env.ISSUER;
export const resource = `${issuer}/mcp`;

/** Answers the bench's questions and says that the server listens. */
export function ready(answers = {}) {
  process.on('message', ({ id, input: { ask, ...input } }) => {
    answers[ask](input).then(
      (output) => process.send({ id, output }),
      (error) => process.send({ id, error: String(error.stack) }),
    );
  });
  process.once('SIGTERM', () => process.exit(0));
  process.send({ ready: true, pids: [process.pid] });
}
