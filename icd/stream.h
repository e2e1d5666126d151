/* SPDX-License-Identifier: MIT */

/* The stream of ops to the worker. Threads encode posts into it; it is sent when enough bytes have
 * been collected, with every call, and with every flush. Any thread. */

#ifndef ICD_STREAM_H
#define ICD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_connection;
struct icd_shared_memory;
struct tongs_encoder;

/* Encodes an op without a reply, which the next flush sends; an op that others can wait for is sent
 * at once (SENT_AT_ONCE in codegen/policy.py). Returns VK_SUCCESS, VK_ERROR_OUT_OF_HOST_MEMORY if
 * the op could not be encoded, or the op's code for a lost connection. `args`: the op's struct
 * tongs_args_*. */
VkResult
icd_post(struct icd_connection *c, uint32_t op, const void *args);

/* Sends the posted ops. */
void
icd_flush(struct icd_connection *c);

/* Says that the last post frees `size` bytes of device memory: a thread that frees much may call
 * nothing afterwards, and others can wait for the memory. */
void
icd_note_freed(struct icd_connection *c, uint64_t size);

/* --- Ops written by hand --- */

/* Takes the stream's lock and starts an op. icd_op_end() releases the lock. */
struct tongs_encoder *
icd_op_begin(struct icd_connection *c, uint16_t op, uint16_t flags, size_t *offset);

/* Ends the op and releases the lock. False if the op could not be encoded. */
bool
icd_op_end(struct icd_connection *c, size_t offset);

/* Called with the stream's lock held after a whole op: sends the stream if enough bytes have been
 * collected, and releases the lock. */
void
icd_stream_grown(struct icd_connection *c);

/* Ends a post of a Vulkan command that was encoded by hand. Returns the same as icd_post(). */
VkResult
icd_post_end(struct icd_connection *c, uint32_t op, size_t offset);

/* Appends whole ops that were encoded elsewhere. */
bool
icd_append(struct icd_connection *c, const struct tongs_encoder *e);

/* Sends one op at once with a file descriptor, which the caller keeps. Only over a transport that
 * passes descriptors. */
bool
icd_send_with_fd(struct icd_connection *c, const void *op, size_t size, int fd);

/* Sends one op at once with memory of the transport. */
bool
icd_send_attached(struct icd_connection *c, const void *op, size_t size,
                  const struct icd_shared_memory *attached);

#endif
