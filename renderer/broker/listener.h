/* SPDX-License-Identifier: MIT */

/* The sockets that a broker listens on. One thread. */

#ifndef RDR_BROKER_LISTENER_H
#define RDR_BROKER_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

struct tongs_url;

struct rdr_listener {
   const struct tongs_url *url; /* the caller's; must live as long as the listener */
   int fd;                      /* owned; -1: closed */

   /* Identify the socket file, so that rdr_listener_finish() removes our file and no other. */
   dev_t dev;
   ino_t ino;
};

/* Makes a closed listener. */
void
rdr_listener_init(struct rdr_listener *l, const struct tongs_url *url);

/* Binds the socket and listens, without blocking. `mode`: the permissions of a unix socket's file.
 * On failure the reason is logged. */
bool
rdr_listener_open(struct rdr_listener *l, mode_t mode);

/* Returns the next client's socket, which the caller owns; -EAGAIN if there is none; any other
 * -errno means that accept(2) will fail again at once. */
int
rdr_listener_accept(const struct rdr_listener *l);

/* Removes the socket file, if it is still ours, and closes the socket. */
void
rdr_listener_finish(struct rdr_listener *l);

#endif
