// @ts-check
/* The type of what app.js gives to a page. No module loads this file: it has only comments. */

/**
 * What a page module gets. A page exports `async show(main, route)`.
 * @typedef {object} Route
 * @property {string} path the call's path, without the query
 * @property {Record<string, string>} params of the path: {job: "12"}
 * @property {URLSearchParams} query
 * @property {string} hash without the "#"
 * @property {AbortSignal} signal is aborted when the page is left
 * @property {(path: string, instead?: boolean) => void} navigate goes to another page
 * @property {(changes: Record<string, string|null>) => void} setQuery changes the query in the URL
 * and in `query`, and shows nothing anew; null or "" removes
 * @property {(text: string, state?: string) => void} title of the tab, with its icon
 */

export {};
