/*
 * Reads a file as the kernel does when it executes it (Linux, fs/exec.c, binfmt_script.c and
 * binfmt_elf.c).
 */
#include "diagnosis.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HEAD       256 /* bytes of a file that the kernel examines (BINPRM_BUF_SIZE) */
#define DEPTH_MOST 5   /* interpreters of interpreters that the kernel follows */

static const char default_path[] = "/usr/local/bin:/bin:/usr/bin"; /* as execvp of musl */

/* Copies the text; control characters become visible. A text that is too long is cut. */
static void
diagnosis_copy(char to[static DIAGNOSIS_TEXT], const char *from)
{
	size_t at = 0;

	for (; *from != '\0' && at + 5 < DIAGNOSIS_TEXT; from++) {
		unsigned char byte = (unsigned char)*from;

		if (byte == '\r' || byte == '\n')
			at += (size_t)sprintf(to + at, byte == '\r' ? "\\r" : "\\n");
		else if (byte < ' ' || byte == 127)
			at += (size_t)sprintf(to + at, "\\x%02x", byte);
		else
			to[at++] = (char)byte;
	}
	to[at] = '\0';
}

static bool
diagnosis_set(struct diagnosis *diagnosis, const char *reason, const char *file, const char *detail)
{
	diagnosis->reason = reason;
	diagnosis_copy(diagnosis->file, file);
	diagnosis_copy(diagnosis->detail, detail);
	return true;
}

/* Finds a name in the file's folder that differs only in upper and lower case. */
static bool
diagnosis_find_case(struct diagnosis *diagnosis, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	char folder[PATH_MAX], found[PATH_MAX + NAME_MAX];
	const struct dirent *entry;
	bool done = false;
	DIR *dir;

	snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
	    slash == NULL ? "." : path);
	dir = opendir(folder);
	while (dir != NULL && !done && (entry = readdir(dir)) != NULL)
		if (strcasecmp(entry->d_name, name) == 0 && strcmp(entry->d_name, name) != 0) {
			snprintf(found, sizeof found, "%s%s", slash == NULL ? "" : folder,
			    entry->d_name);
			done = diagnosis_set(diagnosis, "case", path, found);
		}
	if (dir != NULL)
		closedir(dir);
	return done;
}

/* Explains why stat(2) failed. */
static bool
diagnosis_of_absence(struct diagnosis *diagnosis, const char *path, int error)
{
	char text[PATH_MAX] = "";
	ssize_t length = readlink(path, text, sizeof text - 1);

	if (length > 0) {
		text[length] = '\0';
		return diagnosis_set(diagnosis, "link", path, text);
	}
	if (error == EACCES) {
		snprintf(text, sizeof text, "%s", path);
		for (char *at = strchr(text + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
			*at = '\0';
			if (access(text, X_OK) < 0)
				return diagnosis_set(diagnosis, "search", path, text);
			*at = '/';
		}
		return false;
	}
	if (diagnosis_find_case(diagnosis, path))
		return true;
	if (path[0] == '/' || getcwd(text, sizeof text) == NULL)
		text[0] = '\0';
	return diagnosis_set(diagnosis, "missing", path, text);
}

static bool diagnosis_of_file(struct diagnosis *diagnosis, const char *path, int depth);

/* Examines a file that begins with "#!" (head is NUL-terminated). */
static bool
diagnosis_of_script(struct diagnosis *diagnosis, const char *path, char *head, int depth)
{
	char *interpreter = head + 2 + strspn(head + 2, " \t"), *argument, *end;

	interpreter[strcspn(interpreter, "\n")] = '\0';
	end = interpreter + strcspn(interpreter, " \t");
	argument = *end == '\0' ? end : end + 1 + strspn(end + 1, " \t");
	*end = '\0';
	if (interpreter[0] == '\0')
		return diagnosis_set(diagnosis, "script", path, "");
	if (access(interpreter, F_OK) < 0 && errno != EACCES)
		return diagnosis_set(diagnosis, "interpreter", path, interpreter);
	if (depth < DEPTH_MOST && diagnosis_of_file(diagnosis, interpreter, depth + 1))
		return true;
	end = strrchr(interpreter, '/');
	if (strcmp(end == NULL ? interpreter : end + 1, "env") != 0 ||
	    strchr(argument, '\r') == NULL)
		return false;
	end = strrchr(argument, ' ');
	return diagnosis_set(diagnosis, "interpreter_argument", path,
	    end == NULL ? argument : end + 1);
}

/* Whether the image's C library is musl (Alpine). */
static bool
diagnosis_is_musl(void)
{
	static const char prefix[] = "ld-musl-";
	const struct dirent *entry;
	bool found = false;
	DIR *lib = opendir("/lib");

	while (lib != NULL && !found && (entry = readdir(lib)) != NULL)
		found = strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0;
	if (lib != NULL)
		closedir(lib);
	return found;
}

static const char *
diagnosis_machine_name(unsigned machine, char number[static 16])
{
	static const struct {
		unsigned machine;
		const char *name;
	} known[] = {
		{ EM_386, "i386" },
		{ EM_ARM, "arm" },
		{ EM_X86_64, "x86_64" },
		{ EM_AARCH64, "aarch64" },
		{ EM_PPC64, "ppc64le" },
		{ EM_S390, "s390x" },
		{ EM_RISCV, "riscv64" },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].machine == machine)
			return known[i].name;
	snprintf(number, 16, "machine %u", machine);
	return number;
}

/* Reads the loader's path from the program headers of a 64-bit ELF file of this machine. */
static bool
diagnosis_read_loader(int fd, const Elf64_Ehdr *header, char loader[static PATH_MAX])
{
	Elf64_Phdr segment;

	for (int i = 0; i < header->e_phnum; i++) {
		off_t at = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);

		if (pread(fd, &segment, sizeof segment, at) != sizeof segment)
			return false;
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_filesz == 0 || segment.p_filesz >= PATH_MAX ||
		    pread(fd, loader, segment.p_filesz, (off_t)segment.p_offset) !=
			(ssize_t)segment.p_filesz)
			return false;
		loader[segment.p_filesz] = '\0';
		return true;
	}
	return false;
}

static bool
diagnosis_of_elf(struct diagnosis *diagnosis, const char *path, int fd)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char loader[PATH_MAX], number[16];
	Elf64_Ehdr header, own;
	bool read_both = pread(self, &own, sizeof own, 0) == sizeof own &&
	    pread(fd, &header, sizeof header, 0) == sizeof header;

	if (self >= 0)
		close(self);
	if (!read_both)
		return diagnosis_set(diagnosis, "format", path, "");
	if (header.e_machine != own.e_machine || header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS])
		return diagnosis_set(diagnosis, "machine", path,
		    diagnosis_machine_name(header.e_machine, number));
	if (own.e_ident[EI_CLASS] != ELFCLASS64 || !diagnosis_read_loader(fd, &header, loader) ||
	    access(loader, F_OK) == 0)
		return false;
	return diagnosis_set(diagnosis,
	    strstr(loader, "/ld-linux") != NULL && diagnosis_is_musl() ? "glibc" : "loader", path,
	    loader);
}

/* Examines what the file contains. */
static bool
diagnosis_of_content(struct diagnosis *diagnosis, const char *path, int fd, int depth)
{
	char head[HEAD + 1] = "";
	ssize_t length = pread(fd, head, HEAD, 0);

	if (length < 0)
		return false;
	if (length == 0)
		return diagnosis_set(diagnosis, "empty", path, "");
	if (strncmp(head, "#!", 2) == 0)
		return diagnosis_of_script(diagnosis, path, head, depth);
	if (strncmp(head, "\xEF\xBB\xBF#!", 5) == 0)
		return diagnosis_set(diagnosis, "bom", path, "");
	if (memcmp(head, ELFMAG, SELFMAG) == 0)
		return diagnosis_of_elf(diagnosis, path, fd);
	if (strncmp(head, "MZ", 2) == 0)
		return diagnosis_set(diagnosis, "machine", path, "Windows");
	if (memcmp(head, "\xCF\xFA\xED\xFE", 4) == 0)
		return diagnosis_set(diagnosis, "machine", path, "macOS");
	return diagnosis_set(diagnosis,
	    memchr(head, '\0', (size_t)length) == NULL ? "script" : "format", path, "");
}

/* Returns true if a reason was found why the file cannot be executed. */
static bool
diagnosis_of_file(struct diagnosis *diagnosis, const char *path, int depth)
{
	struct statvfs filesystem;
	struct stat st;
	bool found;
	int fd;

	if (stat(path, &st) < 0)
		return diagnosis_of_absence(diagnosis, path, errno);
	if (S_ISDIR(st.st_mode))
		return diagnosis_set(diagnosis, "folder", path, "");
	if (!S_ISREG(st.st_mode))
		return diagnosis_set(diagnosis, "format", path, "");
	if (access(path, X_OK) < 0)
		return diagnosis_set(diagnosis,
		    statvfs(path, &filesystem) == 0 && (filesystem.f_flag & ST_NOEXEC) != 0
			? "noexec"
			: "mode",
		    path, "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false; /* the user may execute it, but not read it */
	found = diagnosis_of_content(diagnosis, path, fd, depth);
	close(fd);
	return found;
}

void
diagnosis_find(struct diagnosis *diagnosis, const char *program)
{
	struct diagnosis other = { 0 };
	const char *path = getenv("PATH"), *end;
	char file[PATH_MAX];

	*diagnosis = (struct diagnosis){ 0 };
	if (strchr(program, '/') != NULL) {
		(void)diagnosis_of_file(diagnosis, program, 0);
		return;
	}
	for (path = path != NULL ? path : default_path; path != NULL; path = end + 1) {
		end = strchrnul(path, ':');
		snprintf(file, sizeof file, "%.*s%s%s", (int)(end - path), path,
		    end == path ? "" : "/", program);
		if (diagnosis_of_file(&other, file, 0) && strcmp(other.reason, "missing") != 0 &&
		    (diagnosis->reason == NULL || strcmp(diagnosis->reason, "case") == 0))
			*diagnosis = other;
		if (*end == '\0')
			break;
	}
	if (diagnosis->reason == NULL)
		(void)diagnosis_set(diagnosis, "missing", program, "");
}

/* Whether the shell's own message hides the reason, or the shell would have run the file. */
static bool
diagnosis_is_hidden(const struct diagnosis *diagnosis)
{
	static const char *const others[] = { "missing", "empty", "bom", "script", "format" };

	if (diagnosis->reason == NULL)
		return false;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strcmp(diagnosis->reason, others[i]) == 0)
			return false;
	return true;
}

/* Whether a command's name may follow this word. */
static bool
diagnosis_is_prefix(const char *word)
{
	static const char *const words[] = { "exec", "if", "then", "else", "do", "while", "until",
		"!", "time", "nohup" };

	if (strchr(word, '=') != NULL)
		return true;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

void
diagnosis_find_in_line(struct diagnosis *diagnosis, const char *line)
{
	static const char separators[] = " \t\n;&|()", special[] = " \t\n;&|()<>\"'`$\\*?[{}#";
	bool command = true; /* the next word is a command's name */
	char word[PATH_MAX];

	*diagnosis = (struct diagnosis){ 0 };
	for (size_t length; *line != '\0'; line += length) {
		length = strcspn(line, separators);
		if (length == 0) {
			command = command || (*line != ' ' && *line != '\t');
			length = 1;
			continue;
		}
		if (command && length < sizeof word && strcspn(line, special) == length) {
			snprintf(word, sizeof word, "%.*s", (int)length, line);
			if (strchr(word, '/') != NULL && strchr(word, '=') == NULL)
				diagnosis_find(diagnosis, word);
			if (diagnosis_is_hidden(diagnosis))
				return;
			command = diagnosis_is_prefix(word);
		} else {
			command = false;
		}
	}
	*diagnosis = (struct diagnosis){ 0 };
}
