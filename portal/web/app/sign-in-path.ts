/** Where to sign in so as to come back to this very page. Pure. */
export const signInPath = ({ pathname, search }: { pathname: string; search: string }): string => {
  const params = new URLSearchParams(search);
  params.delete('signin');
  const query = params.toString();
  return `/auth/login?returnTo=${encodeURIComponent(`${pathname}${query && `?${query}`}`)}`;
};
