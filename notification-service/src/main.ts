import { run } from '@quadrille/service-chassis';
import { createApp } from './app';
import { configSchema } from './config';
import { service } from './service';

void run({ name: service.name, config: configSchema, create: createApp });
