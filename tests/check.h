/* SPDX-License-Identifier: MIT */
/*
 * The assertions of the C tests, reported as TAP (the Test Anything Protocol) on stdout, which
 * meson reads.
 *
 * A test is one sentence that holds or does not:
 *
 *    fact(tongs_list_is_empty(&list), "a new list is empty");
 *
 * or a function with several assertions, whose name is the sentence:
 *
 *    static void
 *    a_listener_has_its_mode(void)
 *    {
 *       CHECK_EQUAL(stat(path, &st), 0);
 *       CHECK_EQUAL(st.st_mode & 0777, 0600);
 *    }
 *    ...
 *    check_run(a_listener_has_its_mode);
 *
 * main() ends with `return check_end();`. An assertion that does not hold prints a comment with its
 * file, its line and the values; the test fails and goes on. Any thread may assert. Every line is
 * flushed, so a child process inherits no output.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Further failed assertions of a program are counted, not printed. */
#define CHECK_PRINTED_MAX 100

struct check_state {
   unsigned count, failures; /* of tests */
   bool planned;             /* the line "1..N" was printed before the first test */
   const char *skipped;      /* why the current test cannot run; NULL if it can */
   atomic_uint misses;       /* assertions of the current test that did not hold */
   atomic_uint printed;
};

/* One object for all files of a program that include this header. */
__attribute__((weak)) struct check_state check_state;

/* --- Reports --- */

/* Prints how many tests follow. Without it, check_end() prints how many there were. */
static inline void
check_plan(unsigned count)
{
   printf("TAP version 13\n1..%u\n", count);
   fflush(stdout);
   check_state.planned = true;
}

/* Reports one test; the format gives its name and a remark. */
__attribute__((format(printf, 2, 3))) static inline void
check_report(bool holds, const char *format, ...)
{
   va_list args;

   printf("%sok %u - ", holds ? "" : "not ", ++check_state.count);
   va_start(args, format);
   vprintf(format, args);
   va_end(args);
   putchar('\n');
   fflush(stdout);
   check_state.failures += !holds;
}

/* The whole program cannot run here. Call it in place of check_end(). */
static inline int
check_skip_all(const char *reason)
{
   printf("1..0 # SKIP %s\n", reason);
   fflush(stdout);
   return 0;
}

/* The exit status of main(): 0 if all tests hold. A program without a test fails. */
static inline int
check_end(void)
{
   if (!check_state.planned)
      printf("1..%u\n", check_state.count);
   fflush(stdout);
   return check_state.failures != 0 || check_state.count == 0;
}

/* --- Tests of several assertions --- */

static inline void
check_begin(void)
{
   atomic_store(&check_state.misses, 0);
   check_state.skipped = NULL;
}

/* Reports the test. Its name is a function's: underscores become spaces. */
static inline void
check_finish(const char *function)
{
   const unsigned misses = atomic_load(&check_state.misses);
   char name[256] = "";

   for (size_t i = 0; function[i] && i < sizeof(name) - 1; i++)
      name[i] = function[i] == '_' ? ' ' : function[i];
   if (misses)
      check_report(false, "%s: %u assertions do not hold", name, misses);
   else if (check_state.skipped)
      check_report(true, "%s # SKIP %s", name, check_state.skipped);
   else
      check_report(true, "%s", name);
}

/* The current test cannot run on this machine. The caller returns from the test. */
static inline void
check_skip(const char *reason)
{
   check_state.skipped = reason;
}

#define check_run(function) \
   do { \
      check_begin(); \
      function(); \
      check_finish(#function); \
   } while (0)

/* --- Assertions --- */

/* Gives `holds` back, so that a test can stop at an assertion that the rest depends on. */
__attribute__((format(printf, 4, 5))) static inline bool
check_that(bool holds, const char *file, int line, const char *format, ...)
{
   va_list args;

   if (holds)
      return true;
   atomic_fetch_add(&check_state.misses, 1);
   if (atomic_fetch_add(&check_state.printed, 1) >= CHECK_PRINTED_MAX)
      return false;
   flockfile(stdout);
   printf("# %s:%d: ", file, line);
   va_start(args, format);
   vprintf(format, args);
   va_end(args);
   putchar('\n');
   fflush(stdout);
   funlockfile(stdout);
   return false;
}

static inline bool
check_equal(intmax_t actual, intmax_t expected, const char *text, const char *file, int line)
{
   return check_that(actual == expected, file, line, "%s is %jd (0x%jx), not %jd (0x%jx)", text,
                     actual, (uintmax_t)actual, expected, (uintmax_t)expected);
}

static inline bool
check_string(const char *actual, const char *expected, const char *text, const char *file, int line)
{
   return check_that(actual && strcmp(actual, expected) == 0, file, line,
                     "%s is \"%s\", not \"%s\"", text, actual ? actual : "(null)", expected);
}

static inline bool
check_says(const char *actual, const char *part, const char *text, const char *file, int line)
{
   return check_that(actual && strstr(actual, part), file, line, "%s is \"%s\", without \"%s\"",
                     text, actual ? actual : "(null)", part);
}

static inline bool
check_bytes(const void *actual, const void *expected, size_t size, const char *text,
            const char *file, int line)
{
   const uint8_t *a = actual, *e = expected;
   size_t at = 0;

   while (at < size && a[at] == e[at])
      at++;
   return check_that(at == size, file, line, "byte %zu of %s is 0x%02x, not 0x%02x", at, text,
                     at < size ? a[at] : 0, at < size ? e[at] : 0);
}

/* A condition, which may hold commas. */
#define CHECK(...) check_that((__VA_ARGS__), __FILE__, __LINE__, "not so: %s", #__VA_ARGS__)

/* A condition, with a printf format and values that say which of many cases it is. */
#define CHECK_THAT(condition, ...) check_that((condition), __FILE__, __LINE__, __VA_ARGS__)

/* Integers of any type, enums and bools. */
#define CHECK_EQUAL(actual, expected) \
   check_equal((intmax_t)(actual), (intmax_t)(expected), #actual, __FILE__, __LINE__)

#define CHECK_STRING(actual, expected) \
   check_string((actual), (expected), #actual, __FILE__, __LINE__)

/* A text holds `part`. */
#define CHECK_SAYS(actual, part) check_says((actual), (part), #actual, __FILE__, __LINE__)

#define CHECK_BYTES(actual, expected, size) \
   check_bytes((actual), (expected), (size), #actual, __FILE__, __LINE__)

/* A condition that the rest of a test needs, such as a socket pair. If it does not hold, the
 * process ends with status 1, which is also how a child process tells its parent. */
#define REQUIRE(...) \
   do { \
      if (!(__VA_ARGS__)) { \
         fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #__VA_ARGS__); \
         fflush(NULL); \
         _Exit(1); \
      } \
   } while (0)

/* A test in one line. */
#define fact(condition, sentence) \
   check_report(CHECK_THAT(condition, "not so: %s", #condition), "%s", sentence)

/* The same, if this machine cannot tell. */
static inline void
fact_skipped(const char *sentence, const char *reason)
{
   check_report(true, "%s # SKIP %s", sentence, reason);
}

#endif
