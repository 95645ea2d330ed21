import { expect, it } from 'vitest';
import { chooseSource } from './source.ts';

it('a kubeconfig that is named wins over everything', () => {
  const env = { KUBEBUILDER_ASSETS: '/assets', CLUSTER: 'kind' };
  expect(chooseSource({ kubeconfig: '/kubeconfig', env })).toEqual({ from: 'kubeconfig', path: '/kubeconfig' });
});

it('KUBEBUILDER_ASSETS comes before kind, kind before our own build', () => {
  const assets = { KUBEBUILDER_ASSETS: '/assets' };
  expect(chooseSource({ env: { ...assets, CLUSTER: 'kind' } })).toEqual({ from: 'assets', folder: '/assets' });
  expect(chooseSource({ env: { CLUSTER: 'kind' } })).toEqual({ from: 'kind' });
  expect(chooseSource({ cluster: 'kind', env: {} })).toEqual({ from: 'kind' });
  expect(chooseSource({ env: {} })).toEqual({ from: 'build' });
});

it('KUBECONFIG of the environment is not taken: it may be production', () => {
  expect(chooseSource({ env: { KUBECONFIG: '/production' } })).toEqual({ from: 'build' });
});

it('a CLUSTER that is not known is refused in words', () => {
  expect(() => chooseSource({ env: { CLUSTER: 'minikube' } })).toThrow('CLUSTER=minikube is not known');
});
