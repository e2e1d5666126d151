/* SPDX-License-Identifier: MIT */

/* Tells the client which submissions its queues have completed. The client gives a number to each
 * submission whose completion it needs to know. Each queue has a waiter: a thread that waits for
 * these submissions in order, by fences of the worker, and publishes the number of the last
 * complete one. It publishes the number in the channel's status page, or by a tongsCompletion if
 * there is no channel.
 *
 * Waking that thread takes as long as a short submission. So before the decoder's thread sleeps, it
 * polls the last submission while no op comes (rdr_context.polled). */

#ifndef RDR_WORKER_WAITER_H
#define RDR_WORKER_WAITER_H

#include <stdbool.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct rdr_context;
struct rdr_device;
struct rdr_waiter;

/* Makes the waiter of a queue. `slot`: the queue's index in the status page. `epoch`: distinguishes
 * the users of that slot, so that the client knows which of them is lost. The device owns the
 * waiter. False if memory is out. This and all other functions but rdr_waiters_lose are for the
 * decoder's thread. */
bool
rdr_waiter_create(struct rdr_context *ctx, struct rdr_device *dev, VkQueue queue, uint32_t slot,
                  uint32_t epoch);

/* The waiter of a queue of the device; NULL: the queue has none. */
struct rdr_waiter *
rdr_waiter_find(const struct rdr_device *dev, VkQueue queue);

/* Returns an unsignalled fence for one submission; VK_NULL_HANDLE if the host driver cannot create
 * one. The caller returns it by one of the two functions below. */
VkFence
rdr_waiter_fence(struct rdr_waiter *w);

/* Called after the submission with this fence. The waiter publishes `number` when the submission is
 * complete. False if memory or threads are out; then this function has waited for the submission
 * and destroyed the fence. */
bool
rdr_waiter_add(struct rdr_waiter *w, VkFence fence, uint64_t number);

/* Returns the fence unused, because the submission failed. */
void
rdr_waiter_take_back(struct rdr_waiter *w, VkFence fence);

/* Publishes the complete submissions of the polled waiter. Ends the polling when all are complete.
 * ctx->polled is set. */
void
rdr_waiter_poll(struct rdr_context *ctx);

/* Ends the polling, if there is any, and lets the waiter's thread wait instead. */
void
rdr_waiter_poll_end(struct rdr_context *ctx);

/* Called when the device is lost: publishes that no further submission completes, which ends the
 * client's waits. Any thread. */
void
rdr_waiters_lose(struct rdr_device *dev);

/* Ends the waiters of a device, after all submissions are complete or the device is lost. */
void
rdr_waiters_destroy(struct rdr_device *dev);

#endif
