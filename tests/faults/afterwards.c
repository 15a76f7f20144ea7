/* Lets the nth call that changes a file do its work and report EIO then. For `run`, by LD_PRELOAD:
 * strace can only make a call fail instead of doing its work. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int nth = -1, count;

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("FAULT_NTH");
  /* Not in the programs that it starts. */
  if (text && getenv("FAULT_IN") && !strcmp(program_invocation_short_name, getenv("FAULT_IN")))
    nth = atoi(text);
}

__attribute__((destructor)) static void end(void) {
  FILE *file = nth >= 0 ? fopen(getenv("FAULT_COUNT"), "w") : NULL;
  if (file) fprintf(file, "%d\n", count), fclose(file);
}

static int fails(long result) {
  if (nth < 0 || result < 0 || __sync_add_and_fetch(&count, 1) != nth) return 0;
  errno = EIO;
  return 1;
}

#define AFTERWARDS(type, name, parameters, arguments)                       \
  type name parameters {                                                    \
    type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);   \
    type result = real arguments;                                           \
    return fails(result) ? -1 : result;                                     \
  }

AFTERWARDS(int, rename, (const char *a, const char *b), (a, b))
AFTERWARDS(int, linkat, (int d, const char *a, int e, const char *b, int f), (d, a, e, b, f))
AFTERWARDS(int, unlink, (const char *a), (a))
AFTERWARDS(int, unlinkat, (int d, const char *a, int f), (d, a, f))
AFTERWARDS(int, mkdir, (const char *a, mode_t m), (a, m))
AFTERWARDS(int, rmdir, (const char *a), (a))
AFTERWARDS(int, chmod, (const char *a, mode_t m), (a, m))
AFTERWARDS(int, fchmod, (int d, mode_t m), (d, m))
AFTERWARDS(int, fchown, (int d, uid_t u, gid_t g), (d, u, g))
AFTERWARDS(int, ftruncate64, (int d, off64_t n), (d, n))
AFTERWARDS(int, fsync, (int d), (d))
AFTERWARDS(int, fdatasync, (int d), (d))
AFTERWARDS(int, flock, (int d, int o), (d, o))
AFTERWARDS(ssize_t, copy_file_range, (int a, off64_t *b, int c, off64_t *d, size_t n, unsigned f), (a, b, c, d, n, f))

ssize_t write(int d, const void *text, size_t n) {
  ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  ssize_t result = real(d, text, n);
  return d > 2 && fails(result) ? -1 : result;
}

int open64(const char *path, int flags, ...) {
  int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
  va_list rest;
  va_start(rest, flags);
  int result = real(path, flags, va_arg(rest, mode_t));
  va_end(rest);
  if (!(flags & O_CREAT) || !fails(result)) return result;
  close(result);
  errno = EIO;
  return -1;
}
