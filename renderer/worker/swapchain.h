/* SPDX-License-Identifier: MIT */

/* What the worker keeps of surfaces and swapchains. */

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
   bool
      presenting; /* the presentation in progress names the swapchain; the decoder's thread's own */

   pthread_mutex_t lock; /* protects the next two */
   pthread_cond_t changed;
   uint64_t next_turn, turn;

   /* The thread whose turn it is owns the rest, and the host's swapchain. */
   bool *acquired; /* owned; by image */
   VkResult late;  /* how presentations went, as far as the client has not been told */
   /* The next image may be acquired before the client asks for it: with a semaphore of the worker's
    * own, which then changes places with the client's. */
   bool is_ahead;
   uint32_t ahead;        /* the image */
   VkSemaphore semaphore; /* owned; signalled with the image if there is one; may be null */
};

/* A new swapchain in the device's list, without a handle or images yet. NULL if memory is out. The
 * decoder's thread. */
struct rdr_swapchain *
rdr_swapchain_create(uint64_t surface);

/* Enters the swapchain, which is complete, for other threads to find. False if memory is out. */
bool
rdr_swapchain_enter(struct rdr_device *dev, struct rdr_swapchain *s);

/* The host's swapchain is gone, or never was. Takes the swapchain out of its list, if it is in one.
 * NULL is fine. */
void
rdr_swapchain_destroy(struct rdr_device *dev, struct rdr_swapchain *s);

/* NULL if the device has no swapchain with that handle. Any thread, as long as its op uses the
 * swapchain's id. */
struct rdr_swapchain *
rdr_swapchain_find(const struct rdr_device *dev, VkSwapchainKHR handle);

/* The swapchain that a decoded op of our own names; NULL if the op is malformed. */
struct rdr_swapchain *
rdr_swapchain_find_decoded(const struct tongs_decoder *d, uint64_t handle);

/* Vulkan wants one thread at a time to use a swapchain. Turns come in the order in which they were
 * asked for: an acquisition without a time limit, which asks anew for each slice of its wait, does
 * not keep the decoder's thread out. */
void
rdr_swapchain_take_turn(struct rdr_swapchain *s);

void
rdr_swapchain_end_turn(struct rdr_swapchain *s);

/* Frees what is kept of a device's swapchains, which are gone. The device still exists. */
void
rdr_swapchains_finish(struct rdr_device *dev);

/* Whether a swapchain of any device is on the surface with that id. The decoder's thread. */
bool
rdr_surface_is_used(const struct rdr_context *ctx, uint64_t surface);

/* Destroys the surfaces that the client has left. Its devices are gone. */
void
rdr_surfaces_destroy(struct rdr_context *ctx);

#endif
