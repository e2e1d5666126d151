/* SPDX-License-Identifier: MIT */

/* The worker's data of surfaces and swapchains. */

#ifndef RDR_WORKER_SWAPCHAIN_H
#define RDR_WORKER_SWAPCHAIN_H

#include "protocol/tongs_list.h"
#include "renderer/worker/context.h"

struct rdr_swapchain {
   struct tongs_list link; /* in struct rdr_swapchains */
   VkSwapchainKHR handle;
   uint64_t id;
   uint64_t surface; /* its id */
   uint32_t count;
   VkImage *images; /* owned */
   bool entered;    /* the images have ids */
   bool presenting; /* it is in the presentation in progress; the decoder's thread */

   pthread_mutex_t lock; /* protects the next two */
   pthread_cond_t changed;
   uint64_t next_turn, turn;

   /* The rest, and the host's swapchain, belong to the thread whose turn it is. */
   bool *acquired; /* owned; by image */
   VkResult late;  /* the result of presentations that the client has not been told yet */
   /* The next image may be acquired before the client asks for it. That uses a semaphore of the
    * worker, which then swaps places with the client's. */
   bool is_ahead;
   uint32_t ahead;        /* the image */
   VkSemaphore semaphore; /* owned; signalled when `ahead` is available; may be null */
};

/* Creates a swapchain without a handle or images. NULL if memory is out. The decoder's thread. */
struct rdr_swapchain *
rdr_swapchain_create(uint64_t surface);

/* Adds the complete swapchain to the device's list, where other threads find it. False if memory is
 * out. */
bool
rdr_swapchain_enter(struct rdr_device *dev, struct rdr_swapchain *s);

/* Frees the struct and removes it from its list, if it is in one. The host's swapchain must be
 * destroyed or must never have existed. `s` may be NULL. */
void
rdr_swapchain_destroy(struct rdr_device *dev, struct rdr_swapchain *s);

/* NULL if the device has no swapchain with that handle. Any thread whose current op uses the
 * swapchain's id, which keeps the swapchain alive. */
struct rdr_swapchain *
rdr_swapchain_find(const struct rdr_device *dev, VkSwapchainKHR handle);

/* The swapchain that a decoded op of our own names; NULL if the op is malformed. */
struct rdr_swapchain *
rdr_swapchain_find_decoded(const struct tongs_decoder *d, uint64_t handle);

/* Waits for the swapchain's turn: Vulkan allows one thread at a time to use a swapchain. Turns are
 * granted in the order of the requests. So an acquisition with a long timeout, which takes a turn
 * for each slice of its wait, cannot starve the decoder's thread. */
void
rdr_swapchain_take_turn(struct rdr_swapchain *s);

void
rdr_swapchain_end_turn(struct rdr_swapchain *s);

/* Frees the structs of a device's swapchains. The host's swapchains must be destroyed, and the
 * device must still exist. */
void
rdr_swapchains_finish(struct rdr_device *dev);

/* Whether a swapchain of any device is on the surface with that id. The decoder's thread. */
bool
rdr_surface_is_used(const struct rdr_context *ctx, uint64_t surface);

/* Destroys the surfaces that the client has not destroyed. All devices must be destroyed. */
void
rdr_surfaces_destroy(struct rdr_context *ctx);

#endif
