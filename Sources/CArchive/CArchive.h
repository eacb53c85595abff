// libarchive, for logs that logrotate has compressed.
#include <archive.h>
#include <archive_entry.h>
