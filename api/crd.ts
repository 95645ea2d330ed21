import type { z } from 'zod';
import type { CelRule } from './cel.ts';
import { group, version } from './names.ts';
import { type StructuralSchema, toStructural } from './structural.ts';

/** A column that `kubectl get` prints; priority 1 is for `-o wide`. */
export interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'boolean' | 'date';
  jsonPath: string;
  priority?: number;
}

/** One kind of resource: what its CRD, its types and its documentation are made from. */
export interface KindDefinition {
  kind: string;
  plural: string;
  shortNames: readonly string[];
  namespaced: boolean;
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  rules: readonly CelRule[];
  columns: readonly PrinterColumn[];
  selectableFields: readonly string[];
}

/** The CustomResourceDefinition of a kind, as `kubectl apply -f crds/` takes it. */
export function toCrd(definition: KindDefinition): object {
  const { kind, plural, shortNames, namespaced, columns, selectableFields } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [...shortNames],
        categories: ['berth'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(definition) },
          subresources: { status: {} },
          additionalPrinterColumns: columns.map(column => ({ ...column })),
          ...(selectableFields.length > 0 && { selectableFields: selectableFields.map(jsonPath => ({ jsonPath })) }),
        },
      ],
    },
  };
}

function rootSchema({ kind, description, spec, status, rules }: KindDefinition): StructuralSchema {
  return {
    type: 'object',
    description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: { ...toStructural(spec, `${kind}.spec`), description: `Desired state of the ${kind}.` },
      status: {
        ...toStructural(status, `${kind}.status`),
        description: `Observed state of the ${kind}; written by the operator only.`,
        // An object without a condition counts as current (kstatus); −1 says that nobody has looked at it yet.
        default: { observedGeneration: -1 },
      },
    },
    ...(rules.length > 0 && { 'x-kubernetes-validations': rules.map(rule => ({ ...rule })) }),
  };
}
