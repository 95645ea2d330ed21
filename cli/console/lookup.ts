import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/**
 * Finds hosts as browsers do: names below `localhost` are this machine (RFC 6761, 6.3), which not every system's
 * resolver knows.
 */
export const lookup: LookupFunction = (hostname, options, callback) =>
  systemLookup(/(^|\.)localhost$/.test(hostname) ? '127.0.0.1' : hostname, options, callback);
