import { z } from 'zod';

const tokenSecret = z.object({
  tokenId: z.string().regex(/^[^@!\s]+@[^@!\s]+![^@!\s=]+$/),
  tokenSecret: z.string().regex(/^\S+$/),
});

/**
 * Reads an API token, `user@realm!name=secret`, from what a Secret holds, in base64; or the keys that are missing or
 * malformed. What they hold is never told.
 */
export function tokenOf(data: Record<string, string>): { token: string } | { wrongKeys: string } {
  const decoded = Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8').trim()]),
  );
  const parsed = tokenSecret.safeParse(decoded);
  if (parsed.success) return { token: `${parsed.data.tokenId}=${parsed.data.tokenSecret}` };
  return { wrongKeys: [...new Set(parsed.error.issues.map(({ path }) => path.join('.')))].join(' and ') };
}
