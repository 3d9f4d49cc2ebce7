/*
 * Which files outside /outbox may be lost results. The function is static: the file is included.
 */
#include "support.h"

#include "daemon/spooler/elsewhere.c"

static void
test_what_is_no_result_is_left_out(void **state)
{
	static const struct {
		const char *path;
		bool out;
	} rows[] = {
		{ "/result.txt", false },
		{ "/data/more.csv", false },
		{ "/root/model.bin", false },
		{ "/home/user/plot.png", false },
		{ "/usr/src/app/out.json", false },
		{ "/opt/app/train.log", false },
		{ "/var/lib/app/results.db", false },
		{ "/srv/www/index.html", false },
		{ "/outboxes/a", false },
		{ "/tmpfile", false },
		{ "/running/a", false },
		{ "/data/libs/a", false },
		{ "/data/lib/a", false },
		{ "/data/etc/a.pycx", false },
		{ "/data/run", false },
		{ "/inbox", true },
		{ "/outbox/a", true },
		{ "/run/kabuto/log", true },
		{ "/tmp/a", true },
		{ "/var/tmp/a", true },
		{ "/var/log/apt/history.log", true },
		{ "/var/cache/ldconfig/aux-cache", true },
		{ "/var/lib/dpkg/info/gcc.list", true },
		{ "/var/lib/apt/lists/lock", true },
		{ "/lib/apk/db/installed", true },
		{ "/usr/lib/sysimage/rpm/rpmdb.sqlite", true },
		{ "/usr/lib/gcc/x86_64-linux-gnu/12/cc1", true },
		{ "/usr/local/lib/python3.11/site-packages/numpy/core.so", true },
		{ "/venv/lib/python3.11/site-packages/numpy/core.so", true },
		{ "/etc/ld.so.cache", true },
		{ "/app/__pycache__/main.cpython-311.pyc", true },
		{ "/app/main.pyc", true },
		{ "/app/node_modules/.cache/babel/x.json", true },
		{ "/app/node_modules/left-pad/index.js", true },
		{ "/root/.cache/pip/http/a", true },
		{ "/root/.npm/_cacache/a", true },
		{ "/root/.config/matplotlib/matplotlibrc", true },
		{ "/home/user/.local/share/jupyter/a", true },
		{ "/app/.pytest_cache/v/cache/nodeids", true },
		{ "/app/.git/index", true },
		{ "/root/.bash_history", true },
		{ "/app/server.pid", true },
		{ "/app/notes.txt~", true },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, elsewhere_is_left_out(rows[i].path) == rows[i].out, "%s",
		    rows[i].path);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_result_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
