/* SPDX-License-Identifier: MIT */

/* The worker's events (docs/wire.md, "Events"): messages of the validation layer that runs there,
 * and the reason why the worker ends the connection. The receiving thread queues messages as they
 * arrive. They are reported (printed and passed to the application's messengers) when the thread
 * holds no lock. Any thread. */

#ifndef ICD_MESSAGE_H
#define ICD_MESSAGE_H

#include "protocol/id.h"
#include "protocol/tongs_list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_connection;
struct icd_message;

/* Limits per connection: the number of queued messages (further ones are dropped), and the total
 * number of reported messages. */
#define ICD_MESSAGES_WAITING_MAX 256u
#define ICD_MESSAGES_MAX 2000u
/* Longer texts are truncated. In bytes. */
#define ICD_MESSAGE_SIZE 4096u

/* A VkDebugUtilsMessengerEXT of the application. */
struct icd_messenger {
   struct tongs_object base;
   struct tongs_list link; /* in icd_messages.messengers */
   VkDebugUtilsMessageSeverityFlagsEXT severities;
   VkDebugUtilsMessageTypeFlagsEXT types;
   PFN_vkDebugUtilsMessengerCallbackEXT callback;
   void *user_data;
};

struct icd_messages {
   /* Whether the worker has a validation layer, which may send messages at any time. */
   atomic_bool expected;

   pthread_mutex_t lock;      /* protects the members up to `reason`. A leaf. */
   struct tongs_list waiting; /* of struct icd_message.link; owned */
   uint32_t waiting_count;
   uint32_t received;
   bool telling;     /* a thread is reporting messages */
   char reason[400]; /* why the worker ends the connection; empty: unknown */

   pthread_mutex_t messengers_lock; /* protects the list, and is held while a callback runs */
   struct tongs_list messengers;    /* of struct icd_messenger.link */
};

void
icd_messages_init(struct icd_messages *m);

/* Reports the pending messages and destroys the locks. */
void
icd_messages_finish(struct icd_messages *m);

/* Handles an event, a whole op. Ignores unknown events. False if the event is malformed. */
bool
icd_messages_receive(struct icd_messages *m, const uint8_t *op, size_t size);

/* Prints the pending messages, and passes each to the messengers that asked for its severity and
 * type. The caller must hold no lock. */
void
icd_messages_tell(struct icd_messages *m);

/* Waits until the worker has sent its messages about all earlier ops, and reports them. Costs a
 * round trip if messages are expected. */
void
icd_messages_collect(struct icd_connection *c);

void
icd_messenger_add(struct icd_messages *m, struct icd_messenger *messenger);

void
icd_messenger_remove(struct icd_messages *m, struct icd_messenger *messenger);

#endif
