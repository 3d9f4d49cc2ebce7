// @ts-check
/*
 * The styles of a terminal's characters: SGR (ECMA-48 section 8.3.117), with 256 and true colours
 * (ISO 8613-6).
 */

/**
 * How characters look. A colour is '' (the default), 'c0' to 'c15' (the palette) or '#rrggbb'.
 * @typedef {{fg: string, bg: string, flags: number}} Pen
 */

export const BOLD = 1, DIM = 2, ITALIC = 4, UNDERLINE = 8, INVERSE = 16, HIDDEN = 32, STRIKE = 64;

/** @type {Pen} */
export const PLAIN = Object.freeze({ fg: '', bg: '', flags: 0 });

const SET = new Map([[1, BOLD], [2, DIM], [3, ITALIC], [4, UNDERLINE], [5, 0], [7, INVERSE],
	[8, HIDDEN], [9, STRIKE], [21, UNDERLINE]]);
const CLEAR = new Map([[22, BOLD | DIM], [23, ITALIC], [24, UNDERLINE], [27, INVERSE],
	[28, HIDDEN], [29, STRIKE]]);

/** @param {number[]} parts red, green and blue */
function hex(parts) {
	return '#' + parts.map(part => Math.min(part, 255).toString(16).padStart(2, '0')).join('');
}

/** Returns a colour of the table of 256: the palette, a cube of 6 x 6 x 6, and 24 greys.
 * @param {number} index */
function tableColour(index) {
	if (index < 16) {
		return 'c' + index;
	}
	if (index > 231) {
		return hex([0, 0, 0].fill(8 + 10 * (Math.min(index, 255) - 232)));
	}
	const cube = index - 16;
	return hex([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6]
		.map(step => step === 0 ? 0 : 55 + 40 * step));
}

/** Returns the colour that the numbers after 38 or 48 mean; null if they mean none.
 * @param {number[]} numbers */
function extendedColour(numbers) {
	if (numbers[0] === 5 && numbers.length > 1) {
		return tableColour(numbers[1]);
	}
	return numbers[0] === 2 && numbers.length > 3 ? hex(numbers.slice(1, 4)) : null;
}

/** Returns the colour of a code of one number, 30 to 37 or 90 to 97 after `base` is taken off.
 * @param {number} code @param {number} base */
function paletteColour(code, base) {
	const index = code - base;

	if (index >= 60 && index < 68) {
		return 'c' + (index - 52);
	}
	return index >= 0 && index < 8 ? 'c' + index : null;
}

/** Returns the pen after "CSI parameters m".
 * @param {Pen} pen @param {string} parameters
 * @returns {Pen} */
export function restyle(pen, parameters) {
	let { fg, bg, flags } = pen;
	const list = parameters.split(';');

	for (let i = 0; i < list.length; i++) {
		const parts = list[i].split(':').map(Number);
		const code = parts[0];

		if (code === 38 || code === 48) {
			let numbers = parts.slice(1);

			if (numbers.length > 4) { /* 38:2:<colour space>:r:g:b */
				numbers.splice(1, 1);
			}
			if (parts.length === 1) {
				numbers = list.slice(i + 1, list[i + 1] === '2' ? i + 5 : i + 3)
					.map(Number);
				i += numbers.length;
			}
			const colour = extendedColour(numbers);
			if (colour !== null && code === 38) {
				fg = colour;
			} else if (colour !== null) {
				bg = colour;
			}
		} else if (code === 0) {
			fg = bg = '';
			flags = 0;
		} else if (code === 4 &&
			parts[1] === 0) { /* 4:0 ends underlining; 4:3 is a curly one */
			flags &= ~UNDERLINE;
		} else if (code === 39) {
			fg = '';
		} else if (code === 49) {
			bg = '';
		} else if (SET.has(code)) {
			flags |= Number(SET.get(code));
		} else if (CLEAR.has(code)) {
			flags &= ~Number(CLEAR.get(code));
		} else {
			fg = paletteColour(code, 30) ?? fg;
			bg = paletteColour(code, 40) ?? bg;
		}
	}
	return fg === '' && bg === '' && flags === 0 ? PLAIN : { fg, bg, flags };
}

/** Whether both look the same. @param {Pen} a @param {Pen} b */
export function isSame(a, b) {
	return a === b || (a.fg === b.fg && a.bg === b.bg && a.flags === b.flags);
}
