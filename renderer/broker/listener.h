/* SPDX-License-Identifier: MIT */

/* The sockets that a broker listens on. One thread. */

#ifndef RDR_BROKER_LISTENER_H
#define RDR_BROKER_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

struct tongs_url;

struct rdr_listener {
   const struct tongs_url *url; /* owned by the caller; must live as long as the listener */
   int fd;                      /* owned; -1: closed */

   /* Identify the socket file, so that rdr_listener_finish() removes our file and no other. */
   dev_t dev;
   ino_t ino;
};

/* Initialises a closed listener. */
void
rdr_listener_init(struct rdr_listener *l, const struct tongs_url *url);

/* Binds a non-blocking socket and listens. `mode`: the permissions of a unix socket's file. False
 * on failure, which is logged. */
bool
rdr_listener_open(struct rdr_listener *l, mode_t mode);

/* Returns the socket of the next client, which the caller owns; -EAGAIN if no client waits; another
 * -errno if accept(2) fails in a way that an immediate retry would not cure. */
int
rdr_listener_accept(const struct rdr_listener *l);

/* Removes the socket file, if it is still ours, and closes the socket. */
void
rdr_listener_finish(struct rdr_listener *l);

#endif
