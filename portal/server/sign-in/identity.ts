/** Which claims of an ID token name a person, and how Kubernetes is told apart theirs from other names. */
export interface ClaimNames {
  /** Claim with the user's name, such as `preferred_username`, `email` or `sub`. */
  username: string;
  /** Put before it, such as `oidc:`. The API server has the same where it trusts the issuer itself. */
  usernamePrefix: string;
  /** Claim with groups or roles: a list of texts, or one. */
  groups: string;
  groupsPrefix: string;
}

/** A person as Kubernetes and the pages know them. */
export interface Identity {
  user: string;
  groups: string[];
  displayName: string;
  email?: string;
}

/** A sign-in that is refused, in words for the person. */
export class SignInError extends Error {
  override readonly name = 'SignInError';
  /** One word for logs and pages. */
  readonly reason: string;

  constructor(reason: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** Everybody who comes through the portal is in it, so that policies and audit can tell. */
export const portalGroup = 'berth:portal';

/** Names of Kubernetes' own components and groups, which nobody may have by a claim. */
const reserved = /^(?:system:|berth:)/i;

/** As long as `spec.owner` may be. */
const longestName = 253;

/** More would not fit into a cookie, nor into the headers of a request. */
const mostGroups = 200;

/** The person of a verified ID token. Throws SignInError. */
export function identityOf(claims: Readonly<Record<string, unknown>>, names: ClaimNames): Identity {
  const user = nameFrom(claims[names.username], names.usernamePrefix);
  if (user === undefined) {
    throw new SignInError('NoName', `The identity provider sent no usable name in the claim "${names.username}".`);
  }
  if (names.username === 'email' && claims.email_verified !== true) {
    throw new SignInError('EmailNotVerified', 'The identity provider has not verified your e-mail address.');
  }
  const { email } = claims;
  const groups = groupsFrom(claims, names);
  return {
    user,
    groups,
    displayName: labelFrom(claims.name) ?? labelFrom(claims[names.username]) ?? user,
    ...(typeof email === 'string' && isPlain(email) && { email }),
  };
}

function nameFrom(claim: unknown, prefix: string): string | undefined {
  if (typeof claim !== 'string' || claim.trim() !== claim || !isPlain(claim)) return undefined;
  const name = `${prefix}${claim}`;
  return name.length > longestName || reserved.test(name) ? undefined : name;
}

function groupsFrom(claims: Readonly<Record<string, unknown>>, { groups: claim, groupsPrefix }: ClaimNames): string[] {
  const given = claims[claim];
  if (given === undefined && isOverage(claims, claim)) {
    throw new SignInError(
      'TooManyGroups',
      'You are in more groups than the identity provider can name; an administrator must have it send app roles, or only the groups that are assigned to this application.',
    );
  }
  const texts = typeof given === 'string' ? [given] : Array.isArray(given) ? given : [];
  const groups = texts.flatMap(text => nameFrom(text, groupsPrefix) ?? []);
  if (groups.length > mostGroups) {
    throw new SignInError(
      'TooManyGroups',
      `You are in more than ${mostGroups} groups; an administrator must have the identity provider send fewer.`,
    );
  }
  return [...new Set(groups)].sort();
}

/** Entra ID leaves the claim out where there are too many groups, and says where to ask for them instead. */
function isOverage(claims: Readonly<Record<string, unknown>>, claim: string): boolean {
  const { _claim_names: names } = claims;
  return (typeof names === 'object' && names !== null && claim in names) || claims[`has${claim}`] === true;
}

function labelFrom(claim: unknown): string | undefined {
  return typeof claim === 'string' && isPlain(claim) ? claim.slice(0, 128) : undefined;
}

/** Not empty, and without control characters, which have no place in a header or a log. */
const isPlain = (text: string): boolean =>
  text.length > 0 && text.length <= 1000 && !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text);
