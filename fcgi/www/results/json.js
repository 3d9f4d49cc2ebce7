// @ts-check
/*
 * Indents JSON (RFC 8259). It keeps all else as it stands in the text: JSON.parse would round long
 * numbers, and leave out members whose names repeat.
 */

const LONGEST = 10000000; /* characters: deep nesting makes much more of it than there was */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g;

/**
 * @param {string} text
 * @returns {string | null} null: it is not valid JSON, or too long when it is indented
 */
export function indentJson(text) {
	let indented = '', depth = 0, before = '';

	try {
		JSON.parse(text);
	} catch {
		return null;
	}
	for (const [token] of text.matchAll(TOKEN)) {
		const opens = before === '[' || before === '{',
			closes = token === ']' || token === '}';

		depth -= closes ? 1 : 0;
		if (opens !== closes && (opens || closes)) {
			indented += `\n${'  '.repeat(depth)}`;
		} else if (before === ',') {
			indented += `\n${'  '.repeat(depth)}`;
		} else if (before === ':') {
			indented += ' ';
		}
		indented += token;
		depth += token === '[' || token === '{' ? 1 : 0;
		if (indented.length > LONGEST) {
			return null;
		}
		before = token;
	}
	return indented;
}
