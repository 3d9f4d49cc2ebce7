// @ts-check
/* Makes elements. Text only ever becomes a text node, so that no string can become markup. */

const TYPING_MS = 250; // how long nobody types before a list is filtered
const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node|string|number|null|undefined|false} Child */
/** @typedef {Child|any[]} Children an array holds children and arrays of them */

/**
 * @param {Element} element
 * @param {Record<string, any>|null} props
 */
function setProps(element, props) {
	for (const [name, value] of Object.entries(props ?? {})) {
		if (value === null || value === undefined || value === false) {
			continue;
		}
		if (name.startsWith('on')) {
			element.addEventListener(name.slice(2).toLowerCase(), value);
		} else if (name === 'class') {
			element.setAttribute('class', value);
		} else if (name === 'dataset') {
			for (const [key, text] of Object.entries(value)) {
				if (text !== null && text !== undefined) {
					/** @type {HTMLElement} */ (element).dataset[key] = text;
				}
			}
		} else if (name === 'value') {
			/** @type {HTMLInputElement} */ (element).value = value;
		} else {
			element.setAttribute(name, value === true ? '' : String(value));
		}
	}
}

/**
 * @param {Element} parent
 * @param {Children[]} children
 */
function add(parent, children) {
	for (const child of children.flat(9)) {
		if (child !== null && child !== undefined && child !== false) {
			parent.append(child instanceof Node ? child : String(child));
		}
	}
}

/**
 * Makes an element. Props are attributes, and also `class`, `dataset` (an object), `value`, and
 * `on<Event>` (a listener). Children are strings, numbers, nodes, and arrays of them; null and
 * false are left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>|null} [props]
 * @param {...Children} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = null, ...children) {
	const element = document.createElement(tag);

	add(element, children);
	setProps(element, props); // after the children: a select's value needs its options
	return element;
}

/**
 * Makes an SVG element, as h() makes one of HTML.
 * @param {string} tag
 * @param {Record<string, any>|null} [props]
 * @param {...Children} children
 * @returns {SVGElement}
 */
export function svg(tag, props = null, ...children) {
	const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));

	add(element, children);
	setProps(element, props);
	return element;
}

/**
 * A field that filters a list while somebody types into it.
 * @param {string} label
 * @param {string} value
 * @param {AbortSignal} signal of the page: nothing is told after it was left
 * @param {(text: string) => void} changed is told the text when the typing pauses
 */
export function searchField(label, value, signal, changed) {
	let timer = 0;

	signal.addEventListener('abort', () => clearTimeout(timer));
	return h('input', { type: 'search', placeholder: label, 'aria-label': label, value,
		onInput: (/** @type {Event} */ event) => {
			const field = /** @type {HTMLInputElement} */ (event.currentTarget);
			clearTimeout(timer);
			timer = setTimeout(() => changed(field.value.trim()), TYPING_MS);
		} });
}

/**
 * Gives a node other children.
 * @template {Element} T
 * @param {T} node
 * @param {...Children} children
 * @returns {T}
 */
export function replace(node, ...children) {
	node.replaceChildren();
	add(node, children);
	return node;
}
