/* SPDX-License-Identifier: MIT */

/* Tells the client what its queues have completed. Each host queue in use has a thread that waits
 * for the submissions which the client has given a number, in their order, by fences of the
 * worker's own, and publishes the last one: in the status page of the channel, or as a
 * tongsCompletion where there is none.
 *
 * Waking that thread takes as long as a short submission. So what was submitted last is first
 * watched by the decoder's thread, as long as this has nothing else to do and does not sleep:
 * `watched` of the context.
 */

#ifndef RDR_WORKER_WAITER_H
#define RDR_WORKER_WAITER_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct rdr_context;
struct rdr_device;
struct rdr_waiter;

/* The waiter of a queue, which the client knows by the slot of the status page and the epoch. Owned
 * by the device. False when memory is out. The decoder's thread, like all of these but
 * rdr_waiters_lose. */
bool
rdr_waiter_create(struct rdr_context *ctx, struct rdr_device *dev, VkQueue queue, uint32_t slot,
                  uint32_t epoch);

/* The waiter of a queue of the device; NULL: it has none. */
struct rdr_waiter *
rdr_waiter_find(const struct rdr_device *dev, VkQueue queue);

/* An unsignalled fence for one submission; VK_NULL_HANDLE when the host has none. Goes back with
 * one of the two calls below. */
VkFence
rdr_waiter_fence(struct rdr_waiter *w);

/* The submission with this fence is on its way: publishes the number once it is complete. False
 * when memory or threads are out; the submission is waited for and the fence gone all the same. */
bool
rdr_waiter_add(struct rdr_waiter *w, VkFence fence, uint64_t number);

/* There was no submission. */
void
rdr_waiter_take_back(struct rdr_waiter *w, VkFence fence);

/* Publishes what is complete of what is watched, which may end the watch. There must be one. */
void
rdr_watch(struct rdr_context *ctx);

/* The waiter's thread goes on, where there is a watch. */
void
rdr_watch_end(struct rdr_context *ctx);

/* Nothing more will complete on the device: its client's waits end. Any thread. */
void
rdr_waiters_lose(struct rdr_device *dev);

/* Ends the waiters of a device, after what has been submitted is complete or the device is lost. */
void
rdr_waiters_destroy(struct rdr_device *dev);

#endif
