#compdef kabuto
# zsh completion for kabuto(1). Made by tests/e2e/completions.py.

_kabuto_jobs() {
	local -a jobs
	jobs=(last ${(f)"$(timeout 2 kabuto ps -q 2>/dev/null)"})
	compadd -a jobs
}

_kabuto() {
	local -a commands
	local command=$words[2]

	commands=(
		'help:Shows the help of a command.'
		'login:Logs in to a server and keeps an API token of it.'
		'images:Lists your images, the newest first.'
		'ps:Lists your jobs, the newest first.'
		'show:Shows a job: state, command, times, what it used.'
		'kill:Ends running jobs, and takes jobs out of the queue.'
		'why:Says why a job waits or failed, and what to do.'
		'token:Lists, creates and deletes the API tokens of your account.'
		'open:Prints the URL of the dashboard, or of a job'\''s page, and opens it.'
		'api:Makes a call of the HTTP API and prints its answer.'
	)
	if (( CURRENT == 2 )) || [[ $command == help ]]; then
		_describe command commands
		return
	fi
	shift words
	(( CURRENT-- ))
	case $command in
	login)
		_arguments -s \
			'*--login=[your login, which is asked for otherwise]:NAME: ' \
			'*--password-stdin[read the password from the standard input]' \
			'*--token-stdin[read an API token from the standard input]' \
			'*-h[show this help]' \
			'*--help[show this help]' ;;
	images)
		_arguments -s \
			'*-n[images whose name contains the text]:TEXT: ' \
			'*--name=[images whose name contains the text]:TEXT: ' \
			'*--limit=[at most N images (all)]:N: ' \
			'*-q[the ids alone]' \
			'*--quiet[the ids alone]' \
			'*--json[the server'\''s objects, by id]' \
			'*-h[show this help]' \
			'*--help[show this help]' ;;
	ps)
		_arguments -s \
			'*-a[all jobs, not only the newest 20]' \
			'*--all[all jobs, not only the newest 20]' \
			'*--limit=[at most N jobs (20)]:N: ' \
			'*--state=[ready, in_queue, running, done or failed]:STATE:(ready in_queue running done failed)' \
			'*-p[jobs of this pipeline]:ID: ' \
			'*--pipeline=[jobs of this pipeline]:ID: ' \
			'*-i[jobs of this image\: its id or name]:IMAGE: ' \
			'*--image=[jobs of this image\: its id or name]:IMAGE: ' \
			'*-n[jobs whose name contains the text]:TEXT: ' \
			'*--name=[jobs whose name contains the text]:TEXT: ' \
			'*-q[the ids alone]' \
			'*--quiet[the ids alone]' \
			'*--json[the server'\''s objects, by id]' \
			'*-h[show this help]' \
			'*--help[show this help]' ;;
	show)
		_arguments -s \
			'*--json[the server'\''s object]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_kabuto_jobs' ;;
	kill)
		_arguments -s \
			'*--json[the server'\''s answers, by id]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_kabuto_jobs' ;;
	why)
		_arguments -s \
			'*--json[an object\: id, state, reason, next]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_kabuto_jobs' ;;
	token)
		_arguments -s \
			'*--days=[create\: the token expires after N days (never)]:N: ' \
			'*--json[the server'\''s objects]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:(list create delete)' ;;
	open)
		_arguments -s \
			'*-p[print the URL, and open nothing]' \
			'*--print[print the URL, and open nothing]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_kabuto_jobs' ;;
	api)
		_arguments -s \
			'*-d[a parameter\: in the query of GET, HEAD, DELETE, else in a form]:NAME=VALUE: ' \
			'*--data=[a parameter\: in the query of GET, HEAD, DELETE, else in a form]:NAME=VALUE: ' \
			'*-F[a file in a multipart form; without @ a text of it]:NAME=@FILE:_files' \
			'*--form=[a file in a multipart form; without @ a text of it]:NAME=@FILE:_files' \
			'*--json=[send this JSON file as the body (-\: the standard input)]:FILE:_files' \
			'*-i[print the answer'\''s status and headers, too]' \
			'*--include[print the answer'\''s status and headers, too]' \
			'*-h[show this help]' \
			'*--help[show this help]' ;;
	esac
}

_kabuto "$@"
