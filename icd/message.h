/* SPDX-License-Identifier: MIT */

/* What the server says unasked (docs/wire.md, "Events"): messages of the validation layer that runs
 * there, and why it ends the connection. They are kept as they come, and told when no lock is held.
 * Any thread. */

#ifndef ICD_MESSAGE_H
#define ICD_MESSAGE_H

#include "protocol/id.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vulkan/vulkan_core.h>

struct icd_connection;
struct icd_message;

/* What a server may say: messages that wait to be told, and lines that are told of a connection. */
#define ICD_MESSAGES_WAITING_MAX 256u
#define ICD_MESSAGES_MAX 2000u
/* Longer texts are cut, bytes. */
#define ICD_MESSAGE_SIZE 4096u
/* Larger events break the protocol, bytes. */
#define ICD_EVENT_SIZE_MAX 65536u

/* A VkDebugUtilsMessengerEXT of the application. */
struct icd_messenger {
   struct tongs_object base;
   struct icd_messenger *next;
   VkDebugUtilsMessageSeverityFlagsEXT severities;
   VkDebugUtilsMessageTypeFlagsEXT types;
   PFN_vkDebugUtilsMessengerCallbackEXT callback;
   void *user_data;
};

struct icd_messages {
   atomic_bool
      expected; /* the server has a validation layer: it may have more to say at any time */

   pthread_mutex_t lock; /* protects the waiting ones and the reason. A leaf. */
   struct icd_message *first;
   struct icd_message *last;
   uint32_t waiting;
   uint32_t received;
   bool telling;     /* a thread is at it */
   char reason[400]; /* why the server ends the connection; empty: it did not say */

   pthread_mutex_t messengers_lock; /* protects the list, and is held while a callback runs */
   struct icd_messenger *messengers;
};

void
icd_messages_init(struct icd_messages *m);

/* Tells what is left. */
void
icd_messages_finish(struct icd_messages *m);

/* Takes in an event, a whole op. One that is not known is passed over; false for a malformed one.
 */
bool
icd_messages_receive(struct icd_messages *m, const uint8_t *op, size_t size);

/* Prints what waits, and hands it to the messengers that want it. Called without a lock. */
void
icd_messages_tell(struct icd_messages *m);

/* Asks the server for what it has not sent yet, and tells that. Costs a round trip where messages
 * are expected. */
void
icd_messages_collect(struct icd_connection *c);

void
icd_messenger_add(struct icd_messages *m, struct icd_messenger *messenger);

void
icd_messenger_remove(struct icd_messages *m, struct icd_messenger *messenger);

#endif
