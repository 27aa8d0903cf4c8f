// The path of the results page: Akin may be below a path of its host. Scripts are at js/<digest>/ below it.
export const root = new URL("../../", import.meta.url).pathname;

/** Return the name under which this installation stores something: those below other paths share the storage. */
export const storageKey = (name) => (root === "/" ? name : `${name}:${root}`);
