import { parentPort } from 'node:worker_threads';
import { yieldToOthers } from '../yield-to-others.js';
import { loadDictionaries } from './dictionaries.js';

yieldToOthers();
parentPort?.postMessage(await loadDictionaries());
