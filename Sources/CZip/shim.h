#include <zip.h>
#include <zlib.h>

// glibc's, which Swift's Glibc leaves out because <stdio.h> shows it to _GNU_SOURCE alone.
enum { SHIM_RENAME_EXCHANGE = 2 };
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);
