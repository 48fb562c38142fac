import { Inject } from '@nestjs/common';

export const CONFIG = Symbol('toolgate:config');

/** Injects the frozen {@link Config}. */
export const InjectConfig = () => Inject(CONFIG);
