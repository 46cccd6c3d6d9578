/** The last part of a deployment's id: what people call it. */
export const shortName = (deployment: string): string => deployment.slice(deployment.lastIndexOf("/") + 1);

/** Short names for charts; where two would be the same, both are written in full. */
export function chartNames(ids: string[]): (id: string) => string {
  const times = new Map<string, number>();
  for (const id of new Set(ids)) times.set(shortName(id), (times.get(shortName(id)) ?? 0) + 1);
  return (id) => ((times.get(shortName(id)) ?? 0) > 1 ? id : shortName(id));
}
