/* SPDX-License-Identifier: MIT */
/*
 * Faults that the environment asks for, read at vkCreateInstance (anew if it has changed). Each is
 * a list, separated by commas, of
 *
 *    TONGS_MOCK_FAIL      COMMAND:K:VK_ERROR_…   the K-th call of it returns this at once
 *    TONGS_MOCK_CRASH     COMMAND:K              SIGSEGV in the K-th call
 *    TONGS_MOCK_HANG      COMMAND:K              the K-th call never returns
 *    TONGS_MOCK_DELAY_MS  COMMAND:MS             each call of it takes that much longer
 *
 * where COMMAND may be `*`: with FAIL any command that can fail, else any at all; K then counts
 * them together. Other variables: TONGS_MOCK_LOG=FILE, one line per call is appended;
 * TONGS_MOCK_GPU_MS=MS, what each submission takes on the device; TONGS_MOCK_DEVICES
 * (physical_device.c), TONGS_MOCK_OTHER_MAPS (external.c); TONGS_MOCK_THREAD, with which a thread
 * of the driver's is there as soon as it is loaded.
 */
#include "tests/mock/mock.h"

#include "mock_gen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RULES_MAX 64u
#define ANY UINT32_MAX

enum action {
   ACTION_FAIL,
   ACTION_CRASH,
   ACTION_HANG,
   ACTION_DELAY,
   ACTION_COUNT,
};

static const char *const variables[ACTION_COUNT] = {
   [ACTION_FAIL] = "TONGS_MOCK_FAIL",
   [ACTION_CRASH] = "TONGS_MOCK_CRASH",
   [ACTION_HANG] = "TONGS_MOCK_HANG",
   [ACTION_DELAY] = "TONGS_MOCK_DELAY_MS",
};

struct rule {
   enum action action;
   uint32_t command; /* MOCK_COMMAND_* or ANY */
   uint64_t number;  /* which call; DELAY: milliseconds */
   VkResult result;
   _Atomic uint64_t calls;
};

/* Written under the lock, by the first vkCreateInstance and by one that finds other variables;
 * read without it by every call. */
static struct {
   pthread_mutex_t mutex;
   char *text; /* of all variables */
   struct rule rules[RULES_MAX];
   _Atomic uint32_t rule_count;
   _Atomic int log_fd; /* -1: none */
   _Atomic uint32_t submission_ms;
} faults = {.mutex = PTHREAD_MUTEX_INITIALIZER, .log_fd = -1};

static const struct {
   const char *name;
   VkResult value;
} results[] = {
#define RESULT(name) \
   { \
#name, name \
   }
   RESULT(VK_NOT_READY),
   RESULT(VK_TIMEOUT),
   RESULT(VK_EVENT_SET),
   RESULT(VK_EVENT_RESET),
   RESULT(VK_INCOMPLETE),
   RESULT(VK_PIPELINE_COMPILE_REQUIRED),
   RESULT(VK_OPERATION_DEFERRED_KHR),
   RESULT(VK_OPERATION_NOT_DEFERRED_KHR),
   RESULT(VK_THREAD_DONE_KHR),
   RESULT(VK_THREAD_IDLE_KHR),
   RESULT(VK_ERROR_OUT_OF_HOST_MEMORY),
   RESULT(VK_ERROR_OUT_OF_DEVICE_MEMORY),
   RESULT(VK_ERROR_INITIALIZATION_FAILED),
   RESULT(VK_ERROR_DEVICE_LOST),
   RESULT(VK_ERROR_MEMORY_MAP_FAILED),
   RESULT(VK_ERROR_LAYER_NOT_PRESENT),
   RESULT(VK_ERROR_EXTENSION_NOT_PRESENT),
   RESULT(VK_ERROR_FEATURE_NOT_PRESENT),
   RESULT(VK_ERROR_INCOMPATIBLE_DRIVER),
   RESULT(VK_ERROR_TOO_MANY_OBJECTS),
   RESULT(VK_ERROR_FORMAT_NOT_SUPPORTED),
   RESULT(VK_ERROR_FRAGMENTED_POOL),
   RESULT(VK_ERROR_UNKNOWN),
   RESULT(VK_ERROR_OUT_OF_POOL_MEMORY),
   RESULT(VK_ERROR_INVALID_EXTERNAL_HANDLE),
   RESULT(VK_ERROR_FRAGMENTATION),
   RESULT(VK_ERROR_INVALID_OPAQUE_CAPTURE_ADDRESS),
   RESULT(VK_ERROR_INVALID_SHADER_NV),
   RESULT(VK_ERROR_NOT_PERMITTED_KHR),
   RESULT(VK_ERROR_OUT_OF_DATE_KHR),
   RESULT(VK_ERROR_SURFACE_LOST_KHR),
   RESULT(VK_SUBOPTIMAL_KHR),
#undef RESULT
};

_Noreturn void
mock_abort(const char *format, ...)
{
   char line[1024];
   va_list args;

   va_start(args, format);
   vsnprintf(line, sizeof(line), format, args);
   va_end(args);
   fprintf(stderr, "mock driver: %s\n", line);
   mock_log(line);
   abort();
}

void
mock_log(const char *line)
{
   const int fd = atomic_load_explicit(&faults.log_fd, memory_order_acquire);
   char text[4200];

   if (fd < 0)
      return;
   const int length = snprintf(text, sizeof(text), "%s\n", line);
   if (length > 0 && write(fd, text, (size_t)length) != length)
      fprintf(stderr, "mock driver: TONGS_MOCK_LOG: %s\n", strerror(errno));
}

uint64_t
mock_now_ns(void)
{
   struct timespec now;

   clock_gettime(CLOCK_MONOTONIC, &now);
   return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void
mock_sleep_ms(uint32_t ms)
{
   struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};

   while (nanosleep(&left, &left) && errno == EINTR)
      ;
}

uint32_t
mock_submission_ms(void)
{
   return atomic_load(&faults.submission_ms);
}

static uint32_t
command_named(const char *variable, const char *name)
{
   if (!strcmp(name, "*"))
      return ANY;
   for (uint32_t i = 0; i < mock_command_count; i++) {
      if (!strcmp(mock_commands[i].name, name))
         return i;
   }
   for (uint32_t i = 0; i < mock_entry_point_count; i++) {
      if (!strcmp(mock_entry_points[i].name, name))
         return mock_entry_points[i].command;
   }
   mock_abort("%s: there is no command %s", variable, name);
}

static VkResult
result_named(const char *variable, const char *name)
{
   for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
      if (!strcmp(results[i].name, name))
         return results[i].value;
   }
   mock_abort("%s: %s is no VkResult that the mock knows", variable, name);
}

static uint64_t
number_in(const char *variable, const char *text, uint64_t least)
{
   char *end = NULL;
   const unsigned long long value = text ? strtoull(text, &end, 10) : 0;

   if (!text || !*text || *end || value < least)
      mock_abort("%s: %s is no number", variable, text ? text : "nothing");
   return value;
}

static void
add_rule(enum action action, char *text)
{
   const char *variable = variables[action];
   char *rest = NULL;
   const char *command = strtok_r(text, ":", &rest);
   const char *number = strtok_r(NULL, ":", &rest);
   const char *result = strtok_r(NULL, ":", &rest);

   if (!command || !number || !!result != (action == ACTION_FAIL) || strtok_r(NULL, ":", &rest))
      mock_abort("%s: a part is not COMMAND:NUMBER%s", variable,
                 action == ACTION_FAIL ? ":VK_RESULT" : "");
   const uint32_t count = atomic_load(&faults.rule_count);
   if (count == RULES_MAX)
      mock_abort("%s: more than %u rules", variable, RULES_MAX);

   struct rule *rule = &faults.rules[count];
   rule->action = action;
   rule->command = command_named(variable, command);
   rule->number = number_in(variable, number, action == ACTION_DELAY ? 0 : 1);
   rule->result = result ? result_named(variable, result) : VK_SUCCESS;
   if (result && rule->command != ANY && !mock_commands[rule->command].can_fail)
      mock_abort("%s: %s cannot fail", variable, command);
   atomic_store(&rule->calls, 0);
   atomic_store_explicit(&faults.rule_count, count + 1, memory_order_release);
}

static const char *
variable_value(const char *name)
{
   const char *value = getenv(name);

   return value ? value : "";
}

static void
open_log(const char *path)
{
   const int old = atomic_exchange(&faults.log_fd, -1);

   if (old >= 0)
      close(old);
   if (!*path)
      return;
   const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
   if (fd < 0)
      mock_abort("TONGS_MOCK_LOG: %s: %s", path, strerror(errno));
   atomic_store_explicit(&faults.log_fd, fd, memory_order_release);
}

static void
read_environment_locked(void)
{
   char *text = NULL;
   const char *gpu = variable_value("TONGS_MOCK_GPU_MS"), *log = variable_value("TONGS_MOCK_LOG");

   if (asprintf(&text, "%s|%s|%s|%s|%s|%s", variable_value(variables[0]),
                variable_value(variables[1]), variable_value(variables[2]),
                variable_value(variables[3]), gpu, log) < 0)
      mock_abort("no memory");
   if (faults.text && !strcmp(faults.text, text)) {
      free(text);
      return;
   }
   free(faults.text);
   faults.text = text;
   open_log(log);
   atomic_store(&faults.submission_ms, *gpu ? (uint32_t)number_in("TONGS_MOCK_GPU_MS", gpu, 0) : 0);
   atomic_store(&faults.rule_count, 0);
   for (enum action action = 0; action < ACTION_COUNT; action++) {
      char *list = strdup(variable_value(variables[action])), *rest = NULL;
      if (!list)
         mock_abort("no memory");
      for (char *part = strtok_r(list, ",", &rest); part; part = strtok_r(NULL, ",", &rest))
         add_rule(action, part);
      free(list);
   }
}

_Noreturn static void
hang(void)
{
   for (;;)
      pause();
}

VkResult
mock_enter(uint32_t command)
{
   VkResult result = VK_SUCCESS;

   if (command == MOCK_COMMAND_vkCreateInstance) {
      pthread_mutex_lock(&faults.mutex);
      read_environment_locked();
      pthread_mutex_unlock(&faults.mutex);
   }
   mock_log(mock_commands[command].name);

   const uint32_t count = atomic_load_explicit(&faults.rule_count, memory_order_acquire);
   for (uint32_t i = 0; i < count; i++) {
      struct rule *rule = &faults.rules[i];
      if (rule->command != command && rule->command != ANY)
         continue;
      if (rule->action == ACTION_FAIL && !mock_commands[command].can_fail)
         continue;
      if (rule->action == ACTION_DELAY) {
         mock_sleep_ms((uint32_t)rule->number);
         continue;
      }
      if (atomic_fetch_add(&rule->calls, 1) + 1 != rule->number)
         continue;
      if (rule->action == ACTION_CRASH)
         raise(SIGSEGV);
      else if (rule->action == ACTION_HANG)
         hang();
      else
         result = rule->result;
   }
   return result;
}

void
mock_faults_finish(void)
{
   open_log("");
   free(faults.text);
   faults.text = NULL;
}

static void *
idle(void *unused)
{
   for (;;)
      pause();
   return unused;
}

static void __attribute__((constructor)) start_idle_thread(void)
{
   pthread_t thread;

   if (getenv("TONGS_MOCK_THREAD") && pthread_create(&thread, NULL, idle, NULL))
      mock_abort("TONGS_MOCK_THREAD: there is no thread");
}
