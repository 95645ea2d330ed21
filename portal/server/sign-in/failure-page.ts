import type { Language } from '#portal/api.ts';

interface Words {
  title: string;
  again: string;
  id: string;
  reasons: Record<string, string>;
}

/** By language and the reason of a `SignInError`; `Rejected` stands for any other. */
const words: Record<Language, Words> = {
  en: {
    title: 'You are not signed in',
    again: 'Try again',
    id: 'Request',
    reasons: {
      Rejected: 'The answer of the identity provider was not accepted.',
      NoAttempt: 'This sign-in was not begun in this browser, or too long ago.',
      Denied: 'The sign-in was cancelled, or the identity provider does not let you in.',
      IssuerRefused: 'The identity provider refused the sign-in.',
      IssuerUnavailable: 'The identity provider does not answer as it should. Try again later.',
      NoName: 'The identity provider did not say who you are in a way that can be used here. Tell an administrator.',
      EmailNotVerified: 'The identity provider has not verified your e-mail address.',
      TooManyGroups: 'You are in more groups than fit into a sign-in. An administrator must have fewer of them sent.',
      NotAccepted: 'Kubernetes does not accept the token of the identity provider. Tell an administrator.',
      TooManyRequests: 'There were too many sign-ins from your address. Try again in a minute.',
    },
  },
  fr: {
    title: "Vous n'êtes pas connecté",
    again: 'Réessayer',
    id: 'Requête',
    reasons: {
      Rejected: "La réponse du fournisseur d'identité n'a pas été acceptée.",
      NoAttempt: "Cette connexion n'a pas été commencée dans ce navigateur, ou il y a trop longtemps.",
      Denied: "La connexion a été annulée, ou le fournisseur d'identité ne vous laisse pas entrer.",
      IssuerRefused: "Le fournisseur d'identité a refusé la connexion.",
      IssuerUnavailable: "Le fournisseur d'identité ne répond pas comme il le devrait. Réessayez plus tard.",
      NoName:
        "Le fournisseur d'identité n'a pas dit qui vous êtes d'une façon utilisable ici. Prévenez un administrateur.",
      EmailNotVerified: "Le fournisseur d'identité n'a pas vérifié votre adresse e-mail.",
      TooManyGroups:
        'Vous êtes dans plus de groupes que ne peut en porter une connexion. Un administrateur doit en faire envoyer moins.',
      NotAccepted: "Kubernetes n'accepte pas le jeton du fournisseur d'identité. Prévenez un administrateur.",
      TooManyRequests: 'Trop de connexions depuis votre adresse. Réessayez dans une minute.',
    },
  },
};

/** The page that says why a sign-in did not come about. It needs neither script nor style, and repeats nothing sent. */
export function failurePage(reason: string, language: Language, requestId: string): string {
  const { title, again, id, reasons } = words[language];
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} – Berth</title>
<h1>${title}</h1>
<p>${reasons[reason] ?? reasons.Rejected}</p>
<p><a href="/auth/login">${again}</a></p>
<p><small>${id} ${requestId}</small></p>
</html>
`;
}
