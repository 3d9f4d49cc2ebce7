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
		'run:Runs a command in a job, from files to results, with the job'\''s exit code.'
		'build:Builds an image, prints the output on stderr, and the image'\''s id on stdout.'
		'images:Lists your images, the newest first.'
		'submit:Queues the jobs of a pipeline.'
		'ps:Lists your jobs, the newest first.'
		'show:Shows a job: state, command, times, what it used.'
		'logs:Prints the log of a job: what it wrote to stdout on stdout, the rest on stderr.'
		'wait:Waits for the ends of jobs, and exits with the code of the first that failed.'
		'get:Fetches the results of a job into a folder.'
		'put:Adds files to a job that is neither in queue nor running.'
		'kill:Ends running jobs, and takes jobs out of the queue.'
		'rerun:Runs a job again as a new one, with changes; or the failed jobs of a pipeline.'
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
	run)
		_arguments -s \
			'*-i[an image'\''s id or name, a Dockerfile, or a folder with one]:IMAGE|FILE|FOLDER:_files' \
			'*--image=[an image'\''s id or name, a Dockerfile, or a folder with one]:IMAGE|FILE|FOLDER:_files' \
			'*-c[the files that the Dockerfile copies]:FOLDER:_files' \
			'*--context=[the files that the Dockerfile copies]:FOLDER:_files' \
			'*-p[add the job to this pipeline]:ID: ' \
			'*--pipeline=[add the job to this pipeline]:ID: ' \
			'*--build-arg=[a build argument of the Dockerfile]:NAME=VALUE: ' \
			'*--no-cache[build the image anew]' \
			'*-f[send it\: /inbox has it in the job]:FILE|FOLDER:_files' \
			'*--file=[send it\: /inbox has it in the job]:FILE|FOLDER:_files' \
			'*--links=[symbolic links in folders\: refuse (the default), follow, skip]:LINKS:(follow skip)' \
			'*-e[an environment variable; without VALUE, as it is here]:NAME[=VALUE]: ' \
			'*--env=[an environment variable; without VALUE, as it is here]:NAME[=VALUE]: ' \
			'*-n[the job'\''s name]:NAME: ' \
			'*--name=[the job'\''s name]:NAME: ' \
			'*--memory=[memory limit\: 512m, 2g]:BYTES: ' \
			'*--cpus=[processors\: 1.5]:NUMBER: ' \
			'*--pids=[the most processes and threads]:NUMBER: ' \
			'*--disk=[the largest size of the results\: 10g]:BYTES: ' \
			'*--timeout=[end the job after so long]:SECONDS: ' \
			'*--grace=[time between SIGTERM and SIGKILL]:SECONDS: ' \
			'*--network=[none or bridge\: whether the job reaches the network]:NETWORK:(none bridge)' \
			'*--retries=[run it again this many times if it fails]:NUMBER: ' \
			'*--user=[the user in the container]:USER: ' \
			'*--workdir=[the folder in the container]:FOLDER:_files' \
			'*--stderr=[stdout\: one pipe for both streams; separate\: two]:STREAM:(separate stdout)' \
			'*--exec[run the words without a shell, after the image'\''s ENTRYPOINT]' \
			'*-o[unpack the results there at the end]:FOLDER:_files' \
			'*--output=[unpack the results there at the end]:FOLDER:_files' \
			'*--force[let the folder of -o have files; replace those of the same names]' \
			'*-d[print the job'\''s id, and do not wait for it]' \
			'*--detach[print the job'\''s id, and do not wait for it]' \
			'*--kill[end the job at Ctrl-C]' \
			'*-q[print the job'\''s own output only]' \
			'*--quiet[print the job'\''s own output only]' \
			'*--json[print the job as the server shows it, not its output]' \
			'*-h[show this help]' \
			'*--help[show this help]' ;;
	build)
		_arguments -s \
			'*-n[the image'\''s name; without it, that of the folder]:NAME: ' \
			'*--name=[the image'\''s name; without it, that of the folder]:NAME: ' \
			'*-c[the files that the Dockerfile copies]:FOLDER:_files' \
			'*--context=[the files that the Dockerfile copies]:FOLDER:_files' \
			'*--links=[symbolic links in the folder\: refuse (the default), follow, skip]:LINKS:(follow skip)' \
			'*--build-arg=[a build argument of the Dockerfile]:NAME=VALUE: ' \
			'*--no-cache[run each step anew]' \
			'*--image=[build this image again, under the same id]:IMAGE: ' \
			'*--repo=[build from this Git or Mercurial repository]:URL: ' \
			'*-d[print the build'\''s id, and do not wait for it]' \
			'*--detach[print the build'\''s id, and do not wait for it]' \
			'*-q[print the image'\''s id only]' \
			'*--quiet[print the image'\''s id only]' \
			'*--json[print the build as the server shows it]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_files' ;;
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
	submit)
		_arguments -s \
			'*-w[wait for the ends of the jobs, as kabuto wait does]' \
			'*--wait[wait for the ends of the jobs, as kabuto wait does]' \
			'*-q[print the ids alone; with --wait, nothing]' \
			'*--quiet[print the ids alone; with --wait, nothing]' \
			'*--json[print the server'\''s answer; with --wait, the jobs at their ends]' \
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
	logs)
		_arguments -s \
			'*-f[go on until the job has ended]' \
			'*--follow[go on until the job has ended]' \
			'*-n[only this many last lines, at most 100000]:LINES: ' \
			'*--tail=[only this many last lines, at most 100000]:LINES: ' \
			'*-t[the time before each line]' \
			'*--time[the time before each line]' \
			'*--raw[all bytes on stdout, as the job'\''s last attempt printed them]' \
			'*--json[one JSON object a line]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_kabuto_jobs' ;;
	wait)
		_arguments -s \
			'*-q[print nothing\: the exit code says it]' \
			'*--quiet[print nothing\: the exit code says it]' \
			'*--json[print the jobs as the server shows them]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_kabuto_jobs' ;;
	get)
		_arguments -s \
			'*-o[unpack into this folder; default\: job-<id>]:FOLDER:_files' \
			'*--output=[unpack into this folder; default\: job-<id>]:FOLDER:_files' \
			'*--zip=[save the zip as it is; -\: on the standard output]:FILE:_files' \
			'*--force[replace files of the same names]' \
			'*-q[show no progress and no summary]' \
			'*--quiet[show no progress and no summary]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_kabuto_jobs' ;;
	put)
		_arguments -s \
			'*--links=[symbolic links in folders\: refuse (the default), follow or skip]:LINKS:(follow skip)' \
			'*-q[show no progress and no summary]' \
			'*--quiet[show no progress and no summary]' \
			'*--json[the server'\''s answer]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:{_alternative "a:a:_kabuto_jobs" "b:b:_files"}' ;;
	kill)
		_arguments -s \
			'*--json[the server'\''s answers, by id]' \
			'*-h[show this help]' \
			'*--help[show this help]' \
			'*:argument:_kabuto_jobs' ;;
	rerun)
		_arguments -s \
			'*-i[another image\: its id or name]:IMAGE: ' \
			'*--image=[another image\: its id or name]:IMAGE: ' \
			'*-p[run the failed jobs of this pipeline again, and print their ids]:ID: ' \
			'*--pipeline=[run the failed jobs of this pipeline again, and print their ids]:ID: ' \
			'*--failed[with -p\: all that failed (as without it)]' \
			'*--oom[with -p\: only those that were out of memory]' \
			'*--remove=[leave out this file of the old job]:NAME: ' \
			'*-f[send it\: /inbox has it in the job]:FILE|FOLDER:_files' \
			'*--file=[send it\: /inbox has it in the job]:FILE|FOLDER:_files' \
			'*--links=[symbolic links in folders\: refuse (the default), follow, skip]:LINKS:(follow skip)' \
			'*-e[an environment variable; without VALUE, as it is here]:NAME[=VALUE]: ' \
			'*--env=[an environment variable; without VALUE, as it is here]:NAME[=VALUE]: ' \
			'*-n[the job'\''s name]:NAME: ' \
			'*--name=[the job'\''s name]:NAME: ' \
			'*--memory=[memory limit\: 512m, 2g]:BYTES: ' \
			'*--cpus=[processors\: 1.5]:NUMBER: ' \
			'*--pids=[the most processes and threads]:NUMBER: ' \
			'*--disk=[the largest size of the results\: 10g]:BYTES: ' \
			'*--timeout=[end the job after so long]:SECONDS: ' \
			'*--grace=[time between SIGTERM and SIGKILL]:SECONDS: ' \
			'*--network=[none or bridge\: whether the job reaches the network]:NETWORK:(none bridge)' \
			'*--retries=[run it again this many times if it fails]:NUMBER: ' \
			'*--user=[the user in the container]:USER: ' \
			'*--workdir=[the folder in the container]:FOLDER:_files' \
			'*--stderr=[stdout\: one pipe for both streams; separate\: two]:STREAM:(separate stdout)' \
			'*--exec[run the words without a shell, after the image'\''s ENTRYPOINT]' \
			'*-o[unpack the results there at the end]:FOLDER:_files' \
			'*--output=[unpack the results there at the end]:FOLDER:_files' \
			'*--force[let the folder of -o have files; replace those of the same names]' \
			'*-d[print the job'\''s id, and do not wait for it]' \
			'*--detach[print the job'\''s id, and do not wait for it]' \
			'*--kill[end the job at Ctrl-C]' \
			'*-q[print the job'\''s own output only]' \
			'*--quiet[print the job'\''s own output only]' \
			'*--json[print the job as the server shows it, not its output]' \
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
