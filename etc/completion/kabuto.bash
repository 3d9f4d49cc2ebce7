# bash completion for kabuto(1). Made by tests/e2e/completions.py.

_kabuto_jobs() {
	timeout 2 kabuto ps -q 2>/dev/null
}

_kabuto() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} options='' kinds='' words='' kind

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ] || [ "$command" = help ]; then
		mapfile -t COMPREPLY < <(compgen -W "help login run build images submit ps show logs wait get put kill rerun why token open api" -- "$current")
		return
	fi
	case $command in
	login)
		options='--login --password-stdin --token-stdin -h --help'
		kinds='' ;;
	run)
		options='-i --image -c --context -p --pipeline --build-arg --no-cache -f --file --links -e --env -n --name --memory --cpus --pids --disk --timeout --grace --network --retries --user --workdir --stderr --exec -o --output --force -d --detach --kill -q --quiet --json -h --help'
		kinds='' ;;
	build)
		options='-n --name -c --context --links --build-arg --no-cache --image --repo -d --detach -q --quiet --json -h --help'
		kinds='file' ;;
	images)
		options='-n --name --limit -q --quiet --json -h --help'
		kinds='' ;;
	submit)
		options='-w --wait -q --quiet --json -h --help'
		kinds='' ;;
	ps)
		options='-a --all --limit --state -p --pipeline -i --image -n --name -q --quiet --json -h --help'
		kinds='' ;;
	show)
		options='--json -h --help'
		kinds='job' ;;
	logs)
		options='-f --follow -n --tail -t --time --raw --json -h --help'
		kinds='job' ;;
	wait)
		options='-q --quiet --json -h --help'
		kinds='job' ;;
	get)
		options='-o --output --zip --force -q --quiet -h --help'
		kinds='job' ;;
	put)
		options='--links -q --quiet --json -h --help'
		kinds='job file' ;;
	kill)
		options='--json -h --help'
		kinds='job' ;;
	rerun)
		options='-i --image -p --pipeline --failed --oom --remove -f --file --links -e --env -n --name --memory --cpus --pids --disk --timeout --grace --network --retries --user --workdir --stderr --exec -o --output --force -d --detach --kill -q --quiet --json -h --help'
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
	run,-i) kinds=file ;;
	run,--image) kinds=file ;;
	run,-c) kinds=file ;;
	run,--context) kinds=file ;;
	run,-p) return ;;
	run,--pipeline) return ;;
	run,--build-arg) return ;;
	run,-f) kinds=file ;;
	run,--file) kinds=file ;;
	run,--links) words='follow skip' ;;
	run,-e) return ;;
	run,--env) return ;;
	run,-n) return ;;
	run,--name) return ;;
	run,--memory) return ;;
	run,--cpus) return ;;
	run,--pids) return ;;
	run,--disk) return ;;
	run,--timeout) return ;;
	run,--grace) return ;;
	run,--network) words='none bridge' ;;
	run,--retries) return ;;
	run,--user) return ;;
	run,--workdir) kinds=file ;;
	run,--stderr) words='separate stdout' ;;
	run,-o) kinds=file ;;
	run,--output) kinds=file ;;
	build,-n) return ;;
	build,--name) return ;;
	build,-c) kinds=file ;;
	build,--context) kinds=file ;;
	build,--links) words='follow skip' ;;
	build,--build-arg) return ;;
	build,--image) return ;;
	build,--repo) return ;;
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
	logs,-n) return ;;
	logs,--tail) return ;;
	get,-o) kinds=file ;;
	get,--output) kinds=file ;;
	get,--zip) kinds=file ;;
	put,--links) words='follow skip' ;;
	rerun,-i) return ;;
	rerun,--image) return ;;
	rerun,-p) return ;;
	rerun,--pipeline) return ;;
	rerun,--remove) return ;;
	rerun,-f) kinds=file ;;
	rerun,--file) kinds=file ;;
	rerun,--links) words='follow skip' ;;
	rerun,-e) return ;;
	rerun,--env) return ;;
	rerun,-n) return ;;
	rerun,--name) return ;;
	rerun,--memory) return ;;
	rerun,--cpus) return ;;
	rerun,--pids) return ;;
	rerun,--disk) return ;;
	rerun,--timeout) return ;;
	rerun,--grace) return ;;
	rerun,--network) words='none bridge' ;;
	rerun,--retries) return ;;
	rerun,--user) return ;;
	rerun,--workdir) kinds=file ;;
	rerun,--stderr) words='separate stdout' ;;
	rerun,-o) kinds=file ;;
	rerun,--output) kinds=file ;;
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
