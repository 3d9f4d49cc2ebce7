// @ts-check
/* Reads the beginning of a CSV file (RFC 4180), whatever separates its fields. */

const SEPARATORS = [',', ';', '\t', '|'];
const SAMPLE_ROWS = 20; /* that decide what separates */

/**
 * Reads rows. A row that the text ends within counts only if the file ends there, too.
 * @param {string} text
 * @param {string} separator
 * @param {number} most rows
 * @param {boolean} whole whether the text is all of the file
 * @returns {{rows: string[][], more: boolean}} `more`: there are further rows
 */
export function parseCsv(text, separator, most, whole) {
	/** @type {string[][]} */
	const rows = [];
	/** @type {string[]} */
	let row = [];
	let at = text.startsWith('\ufeff') ? 1 : 0;

	while (at < text.length && rows.length < most) {
		let field = '';
		if (text[at] === '"') {
			let end = at + 1;
			for (;;) {
				const quote = text.indexOf('"', end);
				field += text.slice(end, quote < 0 ? text.length : quote);
				end = quote < 0 ? text.length : quote + 1;
				if (text[end] !== '"') {
					break;
				}
				field += '"';
				end++;
			}
			at = end;
		}
		const rest = at; /* of a field without quotes, or behind the second quote */
		while (at < text.length && text[at] !== separator && text[at] !== '\n' &&
			text[at] !== '\r') {
			at++;
		}
		row.push(field + text.slice(rest, at));
		if (text[at] === separator) {
			at++;
			if (at < text.length) {
				continue;
			}
			row.push('');
		}
		if (at < text.length || whole) {
			rows.push(row);
			row = [];
		}
		at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
	}
	return { rows, more: at < text.length || !whole };
}

/**
 * Returns what separates the fields: what gives the most rows of the same number of fields.
 * @param {string} text
 */
export function findSeparator(text) {
	let best = ',', most = 0;

	for (const separator of SEPARATORS) {
		const { rows } = parseCsv(text, separator, SAMPLE_ROWS, false);
		const fields = rows[0]?.length ?? 0;
		const alike = fields < 2
			? 0 : rows.filter((row) => row.length === fields).length / rows.length;
		const score = alike * 1000 + (alike > 0 ? Math.min(fields, 999) : 0);
		if (score > most) {
			best = separator;
			most = score;
		}
	}
	return best;
}

/** Whether a field is a number, in any country's form, or empty. @param {string} field */
export function isNumber(field) {
	return /^[-+]?[\d.,]*([eE][-+]?\d+)?%?$/.test(field.trim());
}
