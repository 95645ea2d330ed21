import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { NotFoundPage } from '../errors/not-found.tsx';
import { HomePage } from '../home/home-page.tsx';
import { Waiting } from './waiting.tsx';

// Only the first page comes with the first load.
const CreatePage = lazy(() => import('../create/create-page.tsx'));
const MachinePage = lazy(() => import('../machine/machine-page.tsx'));
const ProfilePage = lazy(() => import('../profile/profile-page.tsx'));
const IsosPage = lazy(() => import('../isos/isos-page.tsx'));
const HelpPage = lazy(() => import('../help/help-page.tsx'));
const AboutPage = lazy(() => import('../about/about-page.tsx'));

/** Which page stands at which path. */
export function Routes() {
  return (
    <Suspense fallback={<Waiting />}>
      <Switch>
        <Route path="/" component={HomePage} />
        <Route path="/new" component={CreatePage} />
        <Route path="/machines/:namespace/:name">
          {({ namespace, name }) => <MachinePage key={`${namespace}/${name}`} namespace={namespace} name={name} />}
        </Route>
        <Route path="/isos" component={IsosPage} />
        <Route path="/profile" component={ProfilePage} />
        <Route path="/help">
          <HelpPage />
        </Route>
        <Route path="/help/:topic">{({ topic }) => <HelpPage topic={topic} />}</Route>
        <Route path="/about" component={AboutPage} />
        <Route>
          <NotFoundPage />
        </Route>
      </Switch>
    </Suspense>
  );
}
