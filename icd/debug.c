/* SPDX-License-Identifier: MIT */
#include "icd/debug.h"

#include "protocol/environment.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const struct {
   const char *name;
   uint32_t flag;
   const char *text;
} words[] = {
   {"help", 0, "print this table"},
   {"sync", ICD_DEBUG_SYNC,
    "make every op a round trip, so that its error is reported by the call that caused it"},
   {"stats", ICD_DEBUG_STATS,
    "count ops, round trips and bytes by command, and print them when the instance ends"},
   {"socket", ICD_DEBUG_SOCKET,
    "send ops and replies through the socket even if shared memory could carry them"},
};

#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

/* The debug flags are the one global that style.md allows. */
static uint32_t flags;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
read_word(const char *word, size_t length)
{
   for (size_t i = 0; i < WORD_COUNT; i++) {
      if (strlen(words[i].name) != length || strncmp(words[i].name, word, length))
         continue;
      flags |= words[i].flag;
      if (words[i].flag)
         return;
      fprintf(stderr, "TONGS_DEBUG takes a comma-separated list of these words:\n");
      for (size_t j = 0; j < WORD_COUNT; j++)
         fprintf(stderr, "   %-8s %s\n", words[j].name, words[j].text);
      return;
   }
   fprintf(stderr, "tongs: TONGS_DEBUG has no word \"%.*s\": TONGS_DEBUG=help lists them\n",
           (int)length, word);
}

static void
read_flags(void)
{
   const char *text = tongs_getenv("TONGS_DEBUG");

   while (text && *text) {
      size_t length = strcspn(text, ", ");
      if (length)
         read_word(text, length);
      text += length;
      text += strspn(text, ", ");
   }
}

uint32_t
icd_debug_flags(void)
{
   pthread_once(&once, read_flags);
   return flags;
}
