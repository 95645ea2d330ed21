import { resourceName } from '#api/names.ts';

/** The parts of a volume that people read: `local` and `debian-12.iso`. Pure. */
export function partsOf(volume: string): { storage: string; file: string } {
  const [storage = '', path = ''] = volume.split(':');
  return { storage, file: path.replace(/^iso\//, '') };
}

/** The name that an image is offered under, unless somebody has a better one. Pure. */
export function suggestedName(volume: string): string {
  const plain = partsOf(volume)
    .file.replace(/\.(iso|img)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-');
  return plain
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63)
    .replace(/[^a-z0-9]+$/, '');
}

/** Whether a name can be one. Pure. */
export const isName = (name: string): boolean => resourceName().safeParse(name).success;
