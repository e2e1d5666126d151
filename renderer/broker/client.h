/* SPDX-License-Identifier: MIT */

/* A client as the broker knows it: its socket, and who it is. */

#ifndef RDR_BROKER_CLIENT_H
#define RDR_BROKER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct rdr_client {
   int fd;
   pid_t pid;    /* 0: unknown, or the client is in a guest */
   uid_t uid;    /* (uid_t)-1: the client is in a guest */
   uint32_t cid; /* the guest's context id; 0: the client is on this machine */
};

/* Room for a client's name. */
#define RDR_CLIENT_NAME_SIZE 48

/* Writes who the client is, for the log: "pid 12, uid 1000" or "machine 3". */
static inline const char *
rdr_client_name(const struct rdr_client *c, char text[RDR_CLIENT_NAME_SIZE])
{
   if (c->cid)
      snprintf(text, RDR_CLIENT_NAME_SIZE, "machine %u", (unsigned)c->cid);
   else
      snprintf(text, RDR_CLIENT_NAME_SIZE, "pid %d, uid %u", (int)c->pid, (unsigned)c->uid);
   return text;
}

/* Whether both clients are of one user of this machine, or of one guest. */
static inline bool
rdr_client_same_group(const struct rdr_client *a, const struct rdr_client *b)
{
   return a->uid == b->uid && a->cid == b->cid;
}

/* How many clients a process has, and its user or guest. The programs of a guest count as one
 * process. */
struct rdr_share {
   unsigned process;
   unsigned group;
};

/* Counts `other` if it is of the same process or group as `client`. */
static inline void
rdr_share_add(struct rdr_share *share, const struct rdr_client *other,
              const struct rdr_client *client)
{
   if (!rdr_client_same_group(other, client))
      return;
   share->group++;
   share->process += other->pid == client->pid;
}

#endif
