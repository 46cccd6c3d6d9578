import type { ConfigRow } from "../../api/types";

/** Names of the judges that are configured: only what a model says needs people beside it. */
export function judgesOf(config: ConfigRow[]): string[] {
  return config.flatMap(({ key, value }) => {
    const name = /^scorers\.(.+)\.kind$/.exec(key)?.[1];
    return name && value.replaceAll('"', "") === "judge" ? [name.replaceAll('"', "")] : [];
  });
}
