/* SPDX-License-Identifier: MIT */
#include "icd/message.h"

#include "icd/connection.h"
#include "protocol/decoder.h"
#include "protocol/frame.h"
#include "protocol/text.h"

#include "tongs_gen_own.h"
#include "tongs_gen_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct icd_message {
   struct tongs_list link; /* in icd_messages.waiting */
   uint32_t severity;
   uint32_t types;
   int32_t id;
   char *name; /* within `bytes`, as is the text */
   char *text;
   char bytes[];
};

void
icd_messages_init(struct icd_messages *m)
{
   pthread_mutex_init(&m->lock, NULL);
   pthread_mutex_init(&m->messengers_lock, NULL);
   tongs_list_init(&m->waiting);
   tongs_list_init(&m->messengers);
}

void
icd_messages_finish(struct icd_messages *m)
{
   icd_messages_tell(m);
   pthread_mutex_destroy(&m->messengers_lock);
   pthread_mutex_destroy(&m->lock);
}

/* --- Receiving --- */

/* Copies `length` bytes of text and adds a NUL. Returns the address after the NUL. */
static char *
put_text(char *out, const char *text, size_t length)
{
   memcpy(out, text, length);
   out[length] = 0;
   return out + length + 1;
}

static bool
receive_message(struct icd_messages *m, struct tongs_decoder *d)
{
   struct tongs_args_tongsMessage a = {0};

   tongs_decode_tongsMessage(d, &a);
   if (d->error)
      return false;
   const char *text = a.text;
   atomic_store_explicit(&m->expected, true, memory_order_relaxed);
   size_t name_length = a.name ? strnlen(a.name, ICD_MESSAGE_SIZE) : 0;
   size_t text_length = text ? strnlen(text, ICD_MESSAGE_SIZE) : 0;

   pthread_mutex_lock(&m->lock);
   if (m->waiting_count >= ICD_MESSAGES_WAITING_MAX || m->received > ICD_MESSAGES_MAX) {
      pthread_mutex_unlock(&m->lock);
      return true;
   }
   if (++m->received > ICD_MESSAGES_MAX) {
      text = "the server has sent too many messages: no more are told";
      text_length = strlen(text);
   }
   struct icd_message *message = malloc(sizeof(*message) + name_length + text_length + 2);
   if (message) {
      *message = (struct icd_message){.severity = a.severity, .types = a.types, .id = a.number};
      message->name = message->bytes;
      message->text = put_text(message->name, a.name ? a.name : "", name_length);
      put_text(message->text, text ? text : "", text_length);
      tongs_list_append(&m->waiting, &message->link);
      m->waiting_count++;
   }
   pthread_mutex_unlock(&m->lock);
   return true;
}

static bool
receive_reason(struct icd_messages *m, struct tongs_decoder *d)
{
   struct tongs_args_tongsLost a = {0};

   tongs_decode_tongsLost(d, &a);
   if (d->error || !a.reason)
      return false;
   pthread_mutex_lock(&m->lock);
   tongs_text_clean(m->reason, sizeof(m->reason), a.reason, strlen(a.reason));
   pthread_mutex_unlock(&m->lock);
   return true;
}

bool
icd_messages_receive(struct icd_messages *m, const uint8_t *op, size_t size)
{
   struct tongs_op_header header = tongs_op_header_read(op);
   struct tongs_decoder d;

   if (size > TONGS_EVENT_SIZE_MAX)
      return false;
   tongs_decoder_init(&d, op, size, NULL);
   d.cur += sizeof(header);
   switch (header.op) {
   case TONGS_OP_tongsMessage:
      return receive_message(m, &d);
   case TONGS_OP_tongsLost:
      return receive_reason(m, &d);
   default:
      return true;
   }
}

/* --- Reporting --- */

static void
print(const struct icd_message *message)
{
   char name[200], text[ICD_MESSAGE_SIZE];
   const char *severity =
      message->severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT     ? "error: "
      : message->severity >= VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT ? "warning: "
                                                                             : "";

   tongs_text_clean(name, sizeof(name), message->name, strlen(message->name));
   tongs_text_clean(text, sizeof(text), message->text, strlen(message->text));
   bool named = !name[0] || strstr(text, name);
   fprintf(stderr, "tongs: validation: %s%s%s%s\n", severity, named ? "" : name, named ? "" : ": ",
           text);
}

/* Removes control characters: the application may print the server's text on a terminal. */
static void
defuse(char *text)
{
   for (; *text; text++) {
      unsigned char byte = (unsigned char)*text;
      if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
         *text = '?';
   }
}

static void
hand_to_messengers(struct icd_messages *m, struct icd_message *message)
{
   defuse(message->name);
   defuse(message->text);
   const VkDebugUtilsMessengerCallbackDataEXT data = {
      .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CALLBACK_DATA_EXT,
      .pMessageIdName = message->name,
      .messageIdNumber = message->id,
      .pMessage = message->text,
   };

   pthread_mutex_lock(&m->messengers_lock);
   tongs_list_for_each(struct icd_messenger, messenger, &m->messengers, link) {
      if (messenger->severities & message->severity && messenger->types & message->types)
         messenger->callback((VkDebugUtilsMessageSeverityFlagBitsEXT)message->severity,
                             message->types, &data, messenger->user_data);
   }
   pthread_mutex_unlock(&m->messengers_lock);
}

/* Removes the first pending message, which the caller then owns. NULL: there is none. */
static struct icd_message *
take_locked(struct icd_messages *m)
{
   struct icd_message *message = tongs_list_first(&m->waiting, struct icd_message, link);

   if (message) {
      tongs_list_remove(&message->link);
      m->waiting_count--;
   }
   return message;
}

void
icd_messages_tell(struct icd_messages *m)
{
   if (!atomic_load_explicit(&m->expected, memory_order_relaxed))
      return;
   pthread_mutex_lock(&m->lock);
   if (m->telling) { /* another thread, or a callback of this one
                      */
      pthread_mutex_unlock(&m->lock);
      return;
   }
   m->telling = true;
   for (;;) {
      struct icd_message *message = take_locked(m);
      if (!message)
         break;
      pthread_mutex_unlock(&m->lock);
      print(message);
      hand_to_messengers(m, message);
      free(message);
      pthread_mutex_lock(&m->lock);
   }
   m->telling = false;
   pthread_mutex_unlock(&m->lock);
}

void
icd_messages_collect(struct icd_connection *c)
{
   struct icd_pending_call call;
   size_t offset, size;

   if (!atomic_load_explicit(&c->messages.expected, memory_order_relaxed) ||
       !tongs_peer_knows_op(&c->peer, TONGS_OP_tongsSync))
      return;
   icd_own_call_begin(c, &call, TONGS_OP_tongsSync, &offset);
   icd_own_call_wait(c, &call, offset, &size);
   free(call.reply);
}

/* --- Messengers --- */

void
icd_messenger_add(struct icd_messages *m, struct icd_messenger *messenger)
{
   pthread_mutex_lock(&m->messengers_lock);
   tongs_list_insert(&m->messengers, &messenger->link);
   pthread_mutex_unlock(&m->messengers_lock);
}

void
icd_messenger_remove(struct icd_messages *m, struct icd_messenger *messenger)
{
   pthread_mutex_lock(&m->messengers_lock);
   tongs_list_remove(&messenger->link);
   pthread_mutex_unlock(&m->messengers_lock);
}
