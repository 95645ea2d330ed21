import type { Router } from 'express';
import { notFound } from '../http/errors.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import { kubeconfigFor } from '../kubeconfig.ts';
import type { Parts } from '../parts.ts';

/** The route of a person's kubeconfig, which gives the same rights to kubectl. */
export function kubeconfigRoutes(router: Router, { kubeconfig, viewers }: Parts): void {
  router.get(
    '/kubeconfig',
    signedIn(async (_request, response, session) => {
      if (!kubeconfig) throw notFound();
      const [namespace] = (await viewers.of(personOf(session))).namespaces().sort();
      response.setHeader('Content-Disposition', 'attachment; filename="berth-kubeconfig.yaml"');
      response.type('application/yaml').send(kubeconfigFor(kubeconfig, { ...session, namespace }));
    }),
  );
}
