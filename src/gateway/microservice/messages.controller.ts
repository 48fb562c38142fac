import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, NatsContext, Payload, TcpContext } from '@nestjs/microservices';
import { Public } from '../../access/decorators.js';
import type { Client } from '../../oauth/clients/client.js';
import { ClientAuthentication } from '../../oauth/clients/client-authentication.js';
import { Introspection, type Introspected } from '../../oauth/inspection/introspection.js';
import { formParameters } from '../../oauth/parameters.js';
import { ClientFields, fieldsOf, IntrospectMessage, VerifyMessage } from './messages.js';
import { type Verdict, Verification } from './verification.js';

/** Open to no one by itself: each message names its client and proves it, by the rule of `/oauth/introspect`. */
@Controller()
@Public()
export class MessagesController {
  constructor(
    private readonly authentication: ClientAuthentication,
    private readonly introspection: Introspection,
    private readonly verification: Verification,
  ) {}

  @MessagePattern('auth.verify')
  async verify(@Payload() message: unknown, @Ctx() context: TcpContext | NatsContext): Promise<Verdict> {
    const client = await this.callerOf(message, context);
    return this.verification.verify(client, fieldsOf(VerifyMessage, message));
  }

  @MessagePattern('auth.introspect')
  async introspect(
    @Payload() message: unknown,
    @Ctx() context: TcpContext | NatsContext,
  ): Promise<Introspected> {
    const client = await this.callerOf(message, context);
    return this.introspection.answer(client, fieldsOf(IntrospectMessage, message).token);
  }

  private async callerOf(message: unknown, context: TcpContext | NatsContext): Promise<Client> {
    const parameters = formParameters(fieldsOf(ClientFields, message));
    const address = addressOf(context);
    return this.authentication.authenticateConfidential({ authorization: undefined, parameters, address });
  }
}

/** What wrong secrets are counted by. A broker does not say who sent a message: what comes through it counts as one. */
const addressOf = (context: TcpContext | NatsContext): string =>
  context instanceof TcpContext ? (context.getSocketRef().netSocket.remoteAddress ?? '') : 'nats';
