#ifndef KABUTO_INIT_DIAGNOSIS_H
#define KABUTO_INIT_DIAGNOSIS_H
/*
 * Finds out why a program cannot be started. execve(2) says "No such file or directory" also if the
 * file exists and its interpreter does not, so that the file must be read.
 */

#define DIAGNOSIS_TEXT 256

struct diagnosis {
	const char *reason;          /* a word for the report; NULL: nothing was found */
	char file[DIAGNOSIS_TEXT];   /* the file that cannot be started */
	char detail[DIAGNOSIS_TEXT]; /* what it names or needs; its meaning depends on reason */
};

/*
 * Examines the program, which is searched for as execvp(3) does. The reasons, and their details:
 *
 *   missing               it does not exist; the working folder if its name is relative
 *   case                  it does not exist; a name that differs only in upper and lower case
 *   link                  it is a symbolic link; the target, which does not exist
 *   search                the user may not enter a folder of its path; that folder
 *   folder                it is a folder
 *   mode                  the user may not execute it
 *   noexec                its filesystem is mounted noexec
 *   empty                 it is empty
 *   interpreter           its first line names an interpreter that does not exist; that one
 *   interpreter_argument  its first line ends in CR LF; the word before, which env(1) would run
 *   bom                   #! follows a byte order mark
 *   script                it is a text without #!
 *   loader                its loader (PT_INTERP) does not exist; the loader
 *   glibc                 the same, if it was built for glibc and the image has musl
 *   machine               it was built for another processor or system; that one
 *   format                it is something else
 *
 * In both texts control characters are replaced with \r, \n or \xNN.
 */
void diagnosis_find(struct diagnosis *diagnosis, const char *program);

/*
 * Examines the programs of a shell line that ended with the exit code 126 or 127. Finds only
 * reasons that a shell does not explain.
 */
void diagnosis_find_in_line(struct diagnosis *diagnosis, const char *line);

#endif
