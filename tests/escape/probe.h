/*
 * probe - what the parts of the probe share: how an outcome is told, and what is known of the host
 *
 * Each part tries some ways out. An id may be told several times: it is open if one of them is.
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>

/* ---- outcomes ---- */

void tell(const char *id, bool open, const char *what);
void not_applicable(const char *id, const char *why);

/* Puts a word before every id that follows; "": none. */
void tell_as(const char *word);

/* ---- the host, from the command line ---- */

const char *host(const char *key); /* "" if it was not said */
long host_number(const char *key); /* 0 if it was not said */
bool host_has(const char *id);	   /* the kernel file that this id is about */

/* A file of the kernel that is tried as a whole; `write`: opened for writing, else read from. */
struct kernel_file {
	const char *id, *path;
	bool write;
};
extern const struct kernel_file kernel_files[];
extern const int kernel_file_count;

/* ---- trying ---- */

bool can_open(const char *path, int flags);
bool can_read(const char *path); /* a byte: a file may be there, masked by an empty one */

/* Runs it in a process of its own and returns what it returns, 0 to 125; 126: it was killed, 127: no process. */
int apart(int (*try)(void));

/* ---- the parts ---- */

void try_namespaces(void);
void try_processes(void);
void try_files(void);
void try_devices(void);
void try_mounts(void);
void try_privileges(void);
void try_kernel_files(void);
void try_system_calls(void);
void try_keys(void);
void try_network(void);
void try_terminal(void);
void try_nested(void);

#endif
