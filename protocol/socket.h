/* SPDX-License-Identifier: MIT */

/* Unix stream sockets with file descriptors, for both ends.
 *
 * Every descriptor that these functions make is close-on-exec. All of them go on after EINTR,
 * none raises SIGPIPE, and each returns -errno on failure without having logged anything.
 * They keep no state: calls on different descriptors may run at the same time, and so may one
 * send and one recv on the same descriptor.
 */

#ifndef TONGS_SOCKET_H
#define TONGS_SOCKET_H

#include "tongs_gen_wire.h"

#include <stddef.h>
#include <sys/types.h>

struct iovec;

/* Binds and listens; returns the socket, non-blocking. The file has `mode` from its first moment
 * on (less the umask). A socket file at `path` is replaced if no process answers there; with a live
 * one the result is -EADDRINUSE, with a file of another kind -EEXIST, with a path that does not
 * fit a socket address -ENAMETOOLONG. The caller removes the file in the end.
 */
int
tongs_socket_listen_unix(const char *path, mode_t mode);

/* Returns the connected socket, blocking. -ECONNREFUSED: a stale file; -ENOENT: no such file;
 * -ETIMEDOUT: the server accepted no connection for `timeout_ms`, 0 or less: without a limit. */
int
tongs_socket_connect_unix(const char *path, int timeout_ms);

/* The same for ports of virtual machines. Only bytes cross there, no descriptors. */
int
tongs_socket_listen_vsock(unsigned cid, unsigned port);

int
tongs_socket_connect_vsock(unsigned cid, unsigned port);

/* Through the unix socket of a monitor that leads to the ports of its machine (Firecracker,
 * cloud-hypervisor). -EPROTO: it says no, or is another kind of socket. */
int
tongs_socket_connect_monitor(const char *path, unsigned port, int timeout_ms);

/* Two stream sockets that are connected to each other, close-on-exec and above the standard
 * streams. 0 or -errno. */
int
tongs_socket_pair(int fds[2]);

/* Takes a descriptor, or a negative number, and returns it, or one for the same in its place that
 * is none of the standard streams: an application may have closed those, and still print. -1 with
 * errno when there is none; the old one is closed in any case.
 */
int
tongs_fd_above_stdio(int fd);

/* Sends all bytes and returns 0. The descriptors are sent with the first byte, so there must be
 * one. The caller keeps them; at most TONGS_FDS_MAX. Changes iov[]: a partial write advances it in
 * place. On a non-blocking socket this waits. shutdown(2) from another thread ends a wait with
 * -EPIPE. After a failure, some bytes may have been sent, so the connection cannot be used any
 * more. */
int
tongs_socket_send_all(int fd, struct iovec *iov, size_t iov_count, const int *fds, size_t fd_count);

/* Sends some of the bytes without waiting, and the descriptors with the first byte. The caller
 * keeps them. Returns the number of bytes; 0: it would block, or the kernel has no room for the
 * descriptors now, and nothing was sent; -errno. */
ssize_t
tongs_socket_send(int fd, const void *data, size_t size, const int *fds, size_t fd_count);

/* Receives the available bytes, at most `size`. Returns the number of bytes; 0 at EOF. *fd_count is
 * the room in fds[] on entry and the number received on return; the caller owns them. Both NULL:
 * none are expected. More descriptors than there is room for, or fewer than were sent (this process
 * ran out of them), give -EPROTO, and those that came are closed. *fd_count is 0 after any
 * failure. */
ssize_t
tongs_socket_recv(int fd, void *buf, size_t size, int *fds, size_t *fd_count);

#endif
