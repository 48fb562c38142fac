import { Injectable, Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import type { UpstreamProvider } from '../config/upstream-providers.js';
import { Clock } from '../crypto/clock.js';
import { randomToken } from '../crypto/digest.js';
import { Revocations } from '../tokens/revocations.js';
import {
  UpstreamIdentitiesRepository,
  type UpstreamPerson,
} from '../users/upstream-identities.repository.js';
import { readAnswer, requireAnswerOf } from './authorization-answer.js';
import { runStrategy } from './run-strategy.js';
import { notSettled, providerFailed, providerSaid, staleSignIn } from './sign-in-errors.js';
import { refused, UpstreamError } from './upstream-error.js';
import { type Attempt, UpstreamLoginsRepository } from './upstream-logins.repository.js';
import { UpstreamProviders } from './upstream-providers.js';

export interface Beginning extends Pick<Attempt, 'continueTo' | 'answer'> {
  /** Digest of the browser's cookie. */
  readonly browser: string;
  /** The person must prove anew who they are, whatever session the provider still has. */
  readonly anew: boolean;
}

export interface Finished extends Pick<Attempt, 'continueTo' | 'answer'> {
  readonly userId: string;
  /** The account at the provider, by which they have signed in. */
  readonly proof: Pick<UpstreamPerson, 'provider' | 'subject'>;
  /** What became of the account with this sign-in. */
  readonly account: 'known' | 'linked' | 'created' | 'taken_over';
}

/** A sign-in through a provider, from the button to the account. */
@Injectable()
export class UpstreamService {
  private readonly log = new Logger(UpstreamService.name);

  constructor(
    private readonly providers: UpstreamProviders,
    private readonly logins: UpstreamLoginsRepository,
    private readonly identities: UpstreamIdentitiesRepository,
    private readonly revocations: Revocations,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * @returns where the browser is to go.
   * @throws ToolgateError `not_found`; PageError when the provider cannot be used
   */
  async begin(id: string, { browser, anew, ...kept }: Beginning): Promise<string> {
    const provider = this.providers.find(id);
    return this.explained(provider, async () => {
      const nonce = randomToken();
      const outcome = await runStrategy(
        await this.providers.strategy(id),
        { query: {}, begin: (verifier) => this.logins.begin(id, browser, { ...kept, verifier, nonce }) },
        { nonce, ...(anew && { prompt: 'login' }) },
      );
      if ('location' in outcome) return outcome.location;
      throw refused('the strategy did not begin');
    });
  }

  /**
   * The order matters: the state is used up first, whatever the answer is; the issuer is checked before the code is sent
   * anywhere.
   *
   * @throws ToolgateError `not_found`; PageError that says how to mend it
   */
  async finish(
    id: string,
    query: Readonly<Record<string, unknown>>,
    browser: string | undefined,
  ): Promise<Finished> {
    const provider = this.providers.find(id);
    const answer = readAnswer(query);
    const { state, code } = answer;
    const attempt =
      state !== undefined && browser !== undefined ? await this.logins.finish(id, browser, state) : undefined;
    if (!attempt) throw staleSignIn();
    const person = await this.explained(provider, async () => {
      const strategy = await this.providers.strategy(id);
      requireAnswerOf(strategy.endpoints, answer);
      if (answer.error !== undefined) throw providerSaid(provider.name, answer);
      if (code === undefined) throw refused('the answer has neither code nor error');
      const outcome = await runStrategy(strategy, { query: { code }, attempt });
      if ('person' in outcome) return outcome.person;
      throw refused('the strategy began anew');
    });
    const { continueTo, answer: form } = attempt;
    return { ...(await this.settle(provider, person)), continueTo, answer: form };
  }

  private async settle(
    { name }: UpstreamProvider,
    person: UpstreamPerson,
  ): Promise<Pick<Finished, 'userId' | 'proof' | 'account'>> {
    const scopes = this.config.DEFAULT_USER_SCOPES;
    const { outcome, userId, ended } = await this.identities.settle(person, scopes, this.clock.now());
    switch (outcome) {
      case 'address_taken':
      case 'no_address':
      case 'disabled':
        throw notSettled(name, outcome);
      case 'taken_over':
        for (const one of ended) this.revocations.noteEnded(one);
        break;
      case 'known':
      case 'linked':
      case 'created':
        break;
    }
    if (userId === null) throw new Error('an account was settled without its id');
    const { provider, subject } = person;
    return { userId, proof: { provider, subject }, account: outcome };
  }

  private async explained<T>(provider: UpstreamProvider, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      this.log.warn(`provider ${provider.id}: ${error.message}`);
      throw providerFailed(provider.name, error);
    }
  }
}
