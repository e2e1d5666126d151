/* SPDX-License-Identifier: MIT */

/* Tells the client which submissions its queues have completed. The client numbers the submissions
 * that it wants to know of. Each queue has a waiter: a thread that waits for these submissions in
 * their order, by fences of the worker's own, and publishes the number of the last complete one in
 * the status page of the channel, or without a channel as a tongsCompletion.
 *
 * Waking that thread takes as long as a short submission. So the decoder's thread polls the last
 * submission first, as long as no op comes and before it sleeps: `polled` of the context. */

#ifndef RDR_WORKER_WAITER_H
#define RDR_WORKER_WAITER_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct rdr_context;
struct rdr_device;
struct rdr_waiter;

/* Makes the waiter of a queue. `slot`: of the queue in the status page; `epoch`: tells the client
 * which user of that slot is lost. The device owns the waiter. False if memory is out. This and all
 * other functions but rdr_waiters_lose are for the decoder's thread. */
bool
rdr_waiter_create(struct rdr_context *ctx, struct rdr_device *dev, VkQueue queue, uint32_t slot,
                  uint32_t epoch);

/* The waiter of a queue of the device; NULL: the queue has none. */
struct rdr_waiter *
rdr_waiter_find(const struct rdr_device *dev, VkQueue queue);

/* An unsignalled fence for one submission; VK_NULL_HANDLE if the host driver has none. Give it back
 * with one of the two functions below. */
VkFence
rdr_waiter_fence(struct rdr_waiter *w);

/* The submission with this fence has been submitted: its number is published when it is complete.
 * False if memory or threads are out; then the submission has been waited for, and the fence is
 * destroyed. */
bool
rdr_waiter_add(struct rdr_waiter *w, VkFence fence, uint64_t number);

/* The submission failed: the fence is unused. */
void
rdr_waiter_take_back(struct rdr_waiter *w, VkFence fence);

/* Publishes the complete submissions of the polled waiter. Ends the polling when all are complete.
 * ctx->polled is set. */
void
rdr_waiter_poll(struct rdr_context *ctx);

/* Ends the polling, if there is any: the waiter's thread goes on. */
void
rdr_waiter_poll_end(struct rdr_context *ctx);

/* The device is lost: no further submission completes, and the client's waits end. Any thread. */
void
rdr_waiters_lose(struct rdr_device *dev);

/* Ends the waiters of a device, after all submissions are complete or the device is lost. */
void
rdr_waiters_destroy(struct rdr_device *dev);

#endif
