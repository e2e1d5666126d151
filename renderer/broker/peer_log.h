/* SPDX-License-Identifier: MIT */

/* The lines of the log that clients cause. Any client can cause as many as it likes, so that each
 * process may cause LINES lines in a period, and each user or guest RDR_PEER_LOG_GROUP times as
 * many. One line at the period's end says how many lines were left out.
 *
 * One thread. */

#ifndef RDR_BROKER_PEER_LOG_H
#define RDR_BROKER_PEER_LOG_H

#include "renderer/broker/client.h"

#include <stdbool.h>
#include <stdint.h>

#define RDR_PEER_LOG_PERIOD_MS 10000
#define RDR_PEER_LOG_GROUP 5
#define RDR_PEER_LOG_DEFAULT 30

/* How many processes, users and guests are counted at a time. */
#define RDR_PEER_LOG_ENTRIES 64

struct rdr_peer_log_entry {
   struct rdr_client client; /* pid 0: a whole user or guest */
   int64_t since_ms;         /* when the period began */
   unsigned lines;           /* 0: the entry is free */
   unsigned left_out;
};

struct rdr_peer_log {
   unsigned lines_max; /* of a process in a period; 0: no limit */
   struct rdr_peer_log_entry entries[RDR_PEER_LOG_ENTRIES];
};

/* Whether the client may cause a line now. If so, it is counted; if not, it is counted as left out.
 */
bool
rdr_peer_log_may(struct rdr_peer_log *l, const struct rdr_client *client, int64_t now_ms);

/* Logs a line that the client has caused, if it may. */
void __attribute__((format(printf, 4, 5)))
rdr_peer_log_write(struct rdr_peer_log *l, const struct rdr_client *client, int64_t now_ms,
                   const char *format, ...);

/* Ends the periods that are over, and logs how many lines were left out in each. INT64_MAX ends
 * all. */
void
rdr_peer_log_expire(struct rdr_peer_log *l, int64_t now_ms);

/* The time at which rdr_peer_log_expire() must be called because lines were left out; INT64_MAX:
 * never. */
int64_t
rdr_peer_log_wakeup_ms(const struct rdr_peer_log *l);

#endif
