# bash completion for kabuto(1). Made by tests/e2e/completions.py.

_kabuto_jobs() {
	timeout 2 kabuto ps -q 2>/dev/null
}

_kabuto() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} options='' kinds='' words='' kind

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ] || [ "$command" = help ]; then
		mapfile -t COMPREPLY < <(compgen -W "help login images ps show kill why token open api" -- "$current")
		return
	fi
	case $command in
	login)
		options='--login --password-stdin --token-stdin -h --help'
		kinds='' ;;
	images)
		options='-n --name --limit -q --quiet --json -h --help'
		kinds='' ;;
	ps)
		options='-a --all --limit --state -p --pipeline -i --image -n --name -q --quiet --json -h --help'
		kinds='' ;;
	show)
		options='--json -h --help'
		kinds='job' ;;
	kill)
		options='--json -h --help'
		kinds='job' ;;
	why)
		options='--json -h --help'
		kinds='job' ;;
	token)
		options='--days --json -h --help'
		kinds='token' ;;
	open)
		options='-p --print -h --help'
		kinds='job' ;;
	api)
		options='-d --data -F --form --json -i --include -h --help'
		kinds='' ;;
	esac
	case $current in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
		return ;;
	esac
	case $command,$previous in
	login,--login) return ;;
	images,-n) return ;;
	images,--name) return ;;
	images,--limit) return ;;
	ps,--limit) return ;;
	ps,--state) words='ready in_queue running done failed' ;;
	ps,-p) return ;;
	ps,--pipeline) return ;;
	ps,-i) return ;;
	ps,--image) return ;;
	ps,-n) return ;;
	ps,--name) return ;;
	token,--days) return ;;
	api,-d) return ;;
	api,--data) return ;;
	api,-F) kinds=file ;;
	api,--form) kinds=file ;;
	api,--json) kinds=file ;;
	esac
	[ -z "$words" ] || kinds=''
	for kind in $kinds; do
		case $kind in
		job) words="$words last $(_kabuto_jobs)" ;;
		token) words="$words list create delete" ;;
		file) compopt -o default 2>/dev/null ;;
		esac
	done
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _kabuto kabuto
