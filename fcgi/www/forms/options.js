// @ts-check
/*
 * The options of a job, as a form shows them. The server has their limits and says them in words;
 * an empty field means the server's default.
 */
import { choiceField, textField } from './field.js';
import { pairsField } from './pairs.js';

/** @typedef {import('./field.js').Field} Field */

const SIZE = /^\d+(\.\d+)?\s*([kmgt]i?b?|b)?$/i, NUMBER = /^\d+$/, DECIMAL = /^\d*\.?\d+$/;

/**
 * @typedef {object} Option
 * @property {string} name of the parameter
 * @property {string} label
 * @property {string} [hint]
 * @property {string} [placeholder]
 * @property {RegExp} [form] what a text must look like
 * @property {string} [wrong] the words if it does not
 * @property {[string, string][]} [choices] a word that is '' stands for "not given"
 * @property {boolean} [size] bytes: 536870912 is shown as 512m
 */

const WRONG_SIZE = 'Must be a size, such as 512m or 2g.', WRONG_NUMBER = 'Must be a whole number.';

/** @type {Option[]} */
export const jobOptions = [
	{ name: 'memory', label: 'Memory', placeholder: 'such as 512m or 2g', form: SIZE,
		wrong: WRONG_SIZE, size: true, hint: 'The job is stopped if it needs more.' },
	{ name: 'cpus', label: 'CPUs', placeholder: 'such as 1.5', form: DECIMAL,
		wrong: 'Must be a number, such as 1 or 0.5.' },
	{ name: 'timeout', label: 'Time limit (seconds)', placeholder: 'such as 3600', form: NUMBER,
		wrong: WRONG_NUMBER, hint: 'The job is stopped if it runs longer.' },
	{ name: 'retries', label: 'Retries', placeholder: 'such as 2', form: NUMBER,
		wrong: WRONG_NUMBER, hint: 'How often it runs again after a failure.' },
	{ name: 'network', label: 'Network', choices: [['', ''], ['none', 'none'],
		['bridge', 'bridge: may reach other hosts']] },
	{ name: 'disk', label: 'Size of the results', placeholder: 'such as 10g', form: SIZE,
		wrong: WRONG_SIZE, size: true, hint: 'The most that /outbox may hold.' },
	{ name: 'pids', label: 'Processes', placeholder: 'such as 512', form: NUMBER,
		wrong: WRONG_NUMBER, hint: 'The most processes and threads at a time.' },
	{ name: 'grace', label: 'Time to end (seconds)', placeholder: 'such as 10', form: NUMBER,
		wrong: WRONG_NUMBER, hint: 'Between the signals TERM and KILL.' },
	{ name: 'user', label: 'User', placeholder: 'such as 1000 or www-data',
		hint: 'Empty: the image’s own.' },
	{ name: 'workdir', label: 'Working folder', placeholder: 'such as /srv', form: /^\//,
		wrong: 'Must be an absolute path: it begins with /.',
		hint: 'Empty: the image’s own.' },
	{ name: 'stderr', label: 'Error output', choices: [['separate', 'apart from the output'],
		['stdout', 'together with it, in the exact order']] },
];

/**
 * @param {number} bytes
 * @returns {string} the same size as the server reads it: "512m", "1500"
 */
export function sizeText(bytes) {
	for (const [unit, factor] of /** @type {[string, number][]} */ ([['t', 2 ** 40],
		['g', 2 ** 30], ['m', 2 ** 20], ['k', 2 ** 10]])) {
		if (bytes >= factor && bytes % factor === 0) {
			return `${bytes / factor}${unit}`;
		}
	}
	return String(bytes);
}

/**
 * @param {string} unset the words for a choice that is not given
 * @returns {Record<string, Field>} a field for each option, and "env"
 */
export function optionFields(unset) {
	/** @type {Record<string, Field>} */
	const fields = {};

	for (const { name, label, hint, placeholder, choices, form } of jobOptions) {
		fields[name] = choices
			? choiceField(label,
				choices.map(([value, words]) => [value, words || unset]), { hint })
			: textField(label, { hint, placeholder,
				inputmode: form === NUMBER ? 'numeric' : form === DECIMAL
					? 'decimal' : undefined });
	}
	fields.env = pairsField('Environment variables', { word: 'variable',
		hint: 'Lines of a file such as .env can be pasted into a name.' });
	return fields;
}

/**
 * Checks what can be known without the server.
 * @param {Record<string, Field>} fields
 * @returns {Record<string, string>} the words by the option's name; empty if all are right
 */
export function checkOptions(fields) {
	/** @type {Record<string, string>} */
	const wrong = {};

	for (const option of jobOptions) {
		const text = String(fields[option.name].value()).trim();
		if (text !== '' && option.form && !option.form.test(text)) {
			wrong[option.name] = option.wrong || 'Is not right.';
		}
	}
	if (fields.env.value().some((/** @type {string} */ pair) => pair.startsWith('='))) {
		wrong.env = 'Each variable needs a name.';
	}
	return wrong;
}

/**
 * @param {Record<string, any>} job as GET answers it
 * @returns {Record<string, any>} the values of the fields
 */
export function optionValues(job) {
	/** @type {Record<string, any>} */
	const values = { env: job.env || [] };

	for (const { name, size } of jobOptions) {
		const value = job[name] ?? '';
		values[name] = size && typeof value === 'number' ? sizeText(value) : String(value);
	}
	return values;
}
