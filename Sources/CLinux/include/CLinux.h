// Linux calls that the Glibc module does not show (it is built without _GNU_SOURCE), for the doors' event loop.

#ifndef WEIR_CLINUX_H
#define WEIR_CLINUX_H

#include <stdint.h>

/// A descriptor that is ready: the token it was registered under, and for what.
struct weir_ready {
    uint64_t token;
    uint32_t events;
};

/// Bits of `weir_ready.events` and of `weir_epoll_set`.
enum { WEIR_READABLE = 1, WEIR_WRITABLE = 4 };

/// epoll_create1(2) with CLOEXEC; -1 and errno on failure.
int weir_epoll_create(void);
/// Registers a descriptor (isNew) or changes what it is watched for. Errors and hang-ups come as readable.
int weir_epoll_set(int epoll, int isNew, int descriptor, uint32_t events, uint64_t token);
/// Waits; fills `ready` and returns how many, -1 and errno on failure.
int weir_epoll_wait(int epoll, struct weir_ready *ready, int count, int milliseconds);
/// accept4(2), not blocking, CLOEXEC; the peer's address as text in `peer` (46 bytes; empty for a Unix socket).
int weir_accept(int listening, char *peer);
/// A listening TCP socket on a numeric address; -1 and errno on failure.
int weir_listen_tcp(const char *address, uint16_t port);
/// eventfd(2), not blocking.
int weir_eventfd(void);
/// Names the calling thread; Linux keeps fifteen bytes.
void weir_name_thread(const char *name);

#endif
