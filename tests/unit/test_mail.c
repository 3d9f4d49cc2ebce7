/*
 * What a mail is made from.
 */
#include "support.h"

#include "mail.h"

static void
test_template_that_cannot_be_read_is_told_from_a_wrong_one(void **state)
{
	static char mail[] = "mail", nothing[] = "";
	const struct folder *folder = *state;
	char path[128], file[160], *name = path;
	struct config config = { .registration = mail, .mail.password_file = nothing };
	struct error err;

	snprintf(path, sizeof path, "%s", folder->path);
	config.mail.template = name;
	assert_false(mail_check(&config, &err));
	assert_non_null(strstr(err.text, ": Is a directory"));
	file_put(folder->fd, "template", "no subject", 10);
	snprintf(file, sizeof file, "%s/template", folder->path);
	config.mail.template = file;
	assert_false(mail_check(&config, &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	file_put(folder->fd, "template", "Subject\n\nText\n", 14);
	must(mail_check(&config, &err), &err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_template_that_cannot_be_read_is_told_from_a_wrong_one, folder_setup,
		    folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
