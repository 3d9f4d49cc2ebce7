#ifndef KABUTO_JOBOPTIONS_H
#define KABUTO_JOBOPTIONS_H
/*
 * The table of a job's options. An option's parameter, its column, its member of the answer and of
 * struct job, and its settings are all made from its row.
 */

/* Bytes of a command: the kernel allows 128 KiB for one argument (execve(2)). */
#define JOBOPTION_COMMAND_MOST 131000
#define JOBOPTION_WORD_MOST    1024
#define JOBOPTION_TIMEOUT_MOST (3650 * 86400.0) /* seconds */
#define JOBOPTION_BYTES_MOST   1e18

/* The values of stderr: a pipe of its own, or that of stdout. */
#define JOBOPTION_SEPARATE "separate"
#define JOBOPTION_STDOUT   "stdout"

/* clang-format off */

/*
 * X(type, name, least, length, words) for a text, and for a number
 * X(type, name, least, 0, unit, most, fallback, ceiling, ceiling_least).
 *
 * type is of enum joboption_type. name is that of the parameter, of the column, of the answer's
 * member, of struct job's member, and of a number's settings: job.<name> is the default, and
 * job.<name>_max is the maximum. least is the lowest possible value, of a decimal in thousandths.
 * length is the longest text in bytes. words are the allowed texts. unit is the word for what a
 * number counts, or NULL. The settings have the values
 * fallback and ceiling if the configuration does not name them. They may be at most `most`, and
 * the maximum must be at least ceiling_least (0: all that the machine has).
 */
#define JOBOPTIONS(X)                                                                              \
	X(COMMAND, command, 0, JOBOPTION_COMMAND_MOST, NULL)                                       \
	X(TEXT, name, 0, 255, NULL)                                                                \
	X(PAIRS, env, 1, JOBOPTION_COMMAND_MOST, NULL)                                             \
	X(PATH, workdir, 0, JOBOPTION_WORD_MOST, NULL)                                             \
	X(TEXT, user, 0, JOBOPTION_WORD_MOST, NULL)                                                \
	X(CHOICE, network, 0, 0, "none bridge")                                                    \
	X(NUMBER, timeout, 1, 0, "seconds", JOBOPTION_TIMEOUT_MOST, "86400", "604800", 1)          \
	X(BYTES, memory, 6 << 20, 0, NULL, JOBOPTION_BYTES_MOST, "512m", "0", 0)                   \
	X(DECIMAL, cpus, 10, 0, NULL, 10000, "1.0", "0.0", 0)                                      \
	X(NUMBER, pids, 4, 0, NULL, 4194304, "512", "4096", 4)                                     \
	X(BYTES, disk, 0, 0, NULL, JOBOPTION_BYTES_MOST, "10g", "100g", 0)                         \
	X(NUMBER, grace, 0, 0, "seconds", 3600, "10", "300", 0)                                    \
	X(NUMBER, retries, 0, 0, NULL, 1000, "0", "10", 0)                                         \
	X(CHOICE, stderr, 0, 0, JOBOPTION_SEPARATE " " JOBOPTION_STDOUT)

/* The members of struct job. */
#define JOBOPTION_C_COMMAND char *
#define JOBOPTION_C_TEXT    char *
#define JOBOPTION_C_PATH    char *
#define JOBOPTION_C_PAIRS   char *
#define JOBOPTION_C_CHOICE  char *
#define JOBOPTION_C_NUMBER  int64_t
#define JOBOPTION_C_BYTES   int64_t
#define JOBOPTION_C_DECIMAL double
#define JOBOPTION_MEMBER(type, name, ...) JOBOPTION_C_##type name;

/* The members of struct config. */
#define JOBOPTION_CONFIG_COMMAND(name)
#define JOBOPTION_CONFIG_TEXT(name)
#define JOBOPTION_CONFIG_PATH(name)
#define JOBOPTION_CONFIG_PAIRS(name)
#define JOBOPTION_CONFIG_CHOICE(name)
#define JOBOPTION_CONFIG_NUMBER(name)  int64_t name, name##_max;
#define JOBOPTION_CONFIG_BYTES(name)   int64_t name, name##_max;
#define JOBOPTION_CONFIG_DECIMAL(name) double name, name##_max;
#define JOBOPTION_CONFIG(type, name, ...) JOBOPTION_CONFIG_##type(name)

#endif
