"""The completions of etc/completion, made of what kabuto help prints. After a change of an option:

    /usr/bin/python3 tests/e2e/completions.py BUILD
"""
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FOLDER = SOURCE / 'etc/completion'

# What an option's argument or a word can be, by its name in the help. Others: anything.
CHOICES = {'STATE': 'ready in_queue running done failed', 'NETWORK': 'none bridge',
           'LINKS': 'follow skip', 'STREAM': 'separate stdout'}
FILES = {'FILE', 'FOLDER', 'CONTEXT', 'DOCKERFILE', 'NAME=@FILE'}
TOKEN = 'list create delete'


class Option:
    def __init__(self, line):
        found = re.match(r'  (?:-(\S))?(?:, |  +)?(?:--(\S+))?(?: (\S+))?(?:\s{2,}(.*))?$', line)
        self.letter, self.name, self.argument, self.help = found.groups()
        self.words = [f'-{self.letter}'] * bool(self.letter) + [f'--{self.name}'] * bool(self.name)

    @property
    def takes_file(self):
        return bool(self.argument) and bool(FILES & set(self.argument.split('|')))


class Command:
    def __init__(self, name, text):
        usage, summary, options = text.split('\n\n')[:3]
        self.name, self.summary, self.options = name, summary.strip(), []
        self.usage = ' '.join(usage.split())
        lines = options.rstrip('\n').split('\n')
        for number, line in enumerate(lines):
            if line.startswith(' ' * 8):
                continue
            if number + 1 < len(lines) and lines[number + 1].startswith(' ' * 20):
                line = f'{line}  {lines[number + 1].strip()}'
            self.options.append(Option(line))

    @property
    def arguments(self):
        return re.sub(r'\[-[^]]*\](\.\.\.)?', '', self.usage).split('kabuto ' + self.name)[1]

    def kinds(self):
        """What its words can be: job, file, or words."""
        found = []
        if 'JOB' in self.arguments:
            found.append('job')
        if FILES & set(re.split(r'[^A-Za-z=@]+', self.arguments)) or 'command' in self.arguments:
            found.append('file')
        if self.name == 'token':
            found.append('token')
        return found


def commands(build):
    """Each command of the program, by its name."""
    def text(*words):
        return subprocess.run([pathlib.Path(build) / 'src/client/kabuto', 'help', *words], text=True,
                              capture_output=True, check=True).stdout
    names = re.findall(r'^  (\w+)', text().split('\n\n', 1)[1], re.M)
    return {name: Command(name, text(name)) for name in names}


def bash(known):
    cases, arguments = '', []
    for command in known.values():
        options = ' '.join(word for option in command.options for word in option.words)
        kinds = ' '.join(command.kinds())
        cases += f"\t{command.name})\n\t\toptions='{options}'\n\t\tkinds='{kinds}' ;;\n"
        for option in command.options:
            for word in option.words:
                if option.takes_file:
                    arguments.append(f'{command.name},{word}) kinds=file ;;')
                elif option.argument in CHOICES:
                    arguments.append(f"{command.name},{word}) words='{CHOICES[option.argument]}' ;;")
                elif option.argument:
                    arguments.append(f'{command.name},{word}) return ;;')
    return f'''# bash completion for kabuto(1). Made by tests/e2e/completions.py.

_kabuto_jobs() {{
	timeout 2 kabuto ps -q 2>/dev/null
}}

_kabuto() {{
	local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
	local command=${{COMP_WORDS[1]}} options='' kinds='' words='' kind

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ] || [ "$command" = help ]; then
		mapfile -t COMPREPLY < <(compgen -W "help {' '.join(known)}" -- "$current")
		return
	fi
	case $command in
{cases}	esac
	case $current in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
		return ;;
	esac
	case $command,$previous in
{chr(10).join(chr(9) + line for line in arguments)}
	esac
	[ -z "$words" ] || kinds=''
	for kind in $kinds; do
		case $kind in
		job) words="$words last $(_kabuto_jobs)" ;;
		token) words="$words {TOKEN}" ;;
		file) compopt -o default 2>/dev/null ;;
		esac
	done
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}

complete -F _kabuto kabuto
'''


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_option(option):
    help_text = re.sub(r'([\[\]:])', r'\\\1', option.help)
    action = ''
    if option.argument:
        kind = '_files' if option.takes_file else f'({CHOICES[option.argument]})' \
            if option.argument in CHOICES else ' '
        action = f':{option.argument.replace(":", "")}:{kind}'
    equals = '=' if option.argument else ''
    return [quoted(f'*{word}{equals if word.startswith("--") else ""}[{help_text}]{action}')
            for word in option.words]


def zsh(known):
    cases = ''
    for command in known.values():
        lines = [line for option in command.options for line in zsh_option(option)]
        words = {'job': '_kabuto_jobs', 'file': '_files', 'token': f'({TOKEN})'}
        kinds = [words[kind] for kind in command.kinds()]
        rest = '{_alternative ' + ' '.join(f'"{n}:{n}:{k}"' for n, k in zip('ab', kinds)) + '}' \
            if len(kinds) > 1 else kinds[0] if kinds else ''
        if rest:
            lines.append(quoted(f'*:argument:{rest}'))
        cases += f'\t{command.name})\n\t\t_arguments -s \\\n\t\t\t' + ' \\\n\t\t\t'.join(lines) + ' ;;\n'
    described = '\n'.join('\t\t' + quoted(f'{c.name}:{c.summary}') for c in known.values())
    return f'''#compdef kabuto
# zsh completion for kabuto(1). Made by tests/e2e/completions.py.

_kabuto_jobs() {{
	local -a jobs
	jobs=(last ${{(f)"$(timeout 2 kabuto ps -q 2>/dev/null)"}})
	compadd -a jobs
}}

_kabuto() {{
	local -a commands
	local command=$words[2]

	commands=(
		'help:Shows the help of a command.'
{described}
	)
	if (( CURRENT == 2 )) || [[ $command == help ]]; then
		_describe command commands
		return
	fi
	shift words
	(( CURRENT-- ))
	case $command in
{cases}	esac
}}

_kabuto "$@"
'''


def fish(known):
    lines = ['# fish completion for kabuto(1). Made by tests/e2e/completions.py.', '',
             'function __kabuto_jobs', '\techo last', '\ttimeout 2 kabuto ps -q 2>/dev/null', 'end', '',
             'complete -c kabuto -f',
             "complete -c kabuto -n __fish_use_subcommand -a help -d 'Shows the help of a command.'",
             f"complete -c kabuto -n '__fish_seen_subcommand_from help' -a {quoted(' '.join(known))}"]
    for command in known.values():
        lines.append(f'complete -c kabuto -n __fish_use_subcommand -a {command.name} '
                     f'-d {quoted(command.summary)}')
        seen = f"complete -c kabuto -n '__fish_seen_subcommand_from {command.name}'"
        for kind in command.kinds():
            lines.append(seen + {'job': " -a '(__kabuto_jobs)'", 'file': ' -F',
                                 'token': f" -a '{TOKEN}'"}[kind])
        for option in command.options:
            text = seen + (f' -s {option.letter}' if option.letter else '')
            text += f' -l {option.name}' if option.name else ''
            if option.takes_file:
                text += ' -r -F'
            elif option.argument in CHOICES:
                text += f" -x -a '{CHOICES[option.argument]}'"
            elif option.argument:
                text += ' -x'
            lines.append(f'{text} -d {quoted(option.help)}')
    return '\n'.join(lines) + '\n'


SHELLS = {'bash': bash, 'zsh': zsh, 'fish': fish}

if __name__ == '__main__':
    for shell, make in SHELLS.items():
        (FOLDER / f'kabuto.{shell}').write_text(make(commands(sys.argv[1])))
