/**
 * Who may call a route, in the API's own tuples:
 * `perm` path, privileges (all of them, or one where `any` 1 follows), or only where `require_param` names a parameter
 * that is given; `and`, `or` of others; `userid-param` self or a privilege on the realm; `userid-group` privileges on
 * a group of the user, or on those of `groups_param`; `perm-modify` of a path.
 */
export type Check = readonly [kind: string, ...operands: unknown[]];

/** Without `user`, `check` or `rootOnly` only root@pam may; `described` means that the code behind it checks more. */
export interface Permission {
  user?: 'all' | 'world';
  check?: Check;
  rootOnly?: true;
  described?: true;
}
