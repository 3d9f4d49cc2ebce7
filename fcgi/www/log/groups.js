// @ts-check
/*
 * Which lines of a log begin and end a group, and which ones show an error. Groups are made as for
 * GitHub Actions ("::group::title" to "::endgroup::", or "##[group]") and Buildkite ("--- title"
 * and "+++ title", to the next such line).
 */
import { INVERSE } from './pen.js';

/** @typedef {import('./ansi.js').Segment} Segment */
/** @typedef {{kind: 'begin', open: boolean} | {kind: 'end'}} Marker `open`: is to be shown open */

const GITHUB = /^(?:::group::|##\[group\])/;
const GITHUB_END = /^(?:::endgroup::|##\[endgroup\])/;
const BUILDKITE = /^(?:---|\+\+\+) +\S/;
/* The heads of the two files of a diff, and titles such as Python's "--- Logging error ---". */
const NO_TITLE = /^(?:---|\+\+\+) +(?! )(?:[ab]\/|\/dev\/null\b|.*\t|.*(?:---|\+\+\+)\s*$)/;
const TRACEBACK = /Traceback \(most recent call last\)/;

/** @param {string} text the line as it is shown
 * @returns {Marker | null} */
export function markerOf(text) {
	if (GITHUB.test(text)) {
		return { kind: 'begin', open: false };
	}
	if (GITHUB_END.test(text)) {
		return { kind: 'end' };
	}
	return BUILDKITE.test(text) && !NO_TITLE.test(text)
		? { kind: 'begin', open: text.startsWith('+') } : null;
}

/** Whether a colour is a red: of the palette, or by its parts. @param {string} colour */
export function isRed(colour) {
	if (!colour.startsWith('#')) {
		return colour === 'c1' || colour === 'c9';
	}
	const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
	return red >= 128 && green < red / 2 && blue < red / 2;
}

/** Whether a line shows an error: it came from stderr, has red text, or begins a traceback.
 * @param {string} stream @param {string} text @param {Segment[]} segments */
export function isError(stream, text, segments) {
	return stream === 'stderr' || TRACEBACK.test(text) || segments.some(({ text: part, pen }) =>
		isRed(pen.flags & INVERSE ? pen.bg : pen.fg) && part.trim() !== '');
}
