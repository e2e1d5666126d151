/* SPDX-License-Identifier: MIT */

/* The common code of the subcommands of `tongs`.
 *
 * Exit statuses: 0: success; 1: failure, with the reason printed; 2: the command line is wrong.
 * Every message goes to stderr and begins with "tongs COMMAND: ".
 */

#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#define CLI_EXIT_FAILURE 1
#define CLI_EXIT_USAGE 2

/* getopt_long() values of the options that every command has. */
enum {
   CLI_OPTION_HELP = 0x100,
   CLI_OPTION_VERSION,
   CLI_OPTION_FIRST_OWN,
};

#define CLI_HELP_ROW \
   { \
      "help", no_argument, NULL, CLI_OPTION_HELP \
   }
#define CLI_VERSION_ROW \
   { \
      "version", no_argument, NULL, CLI_OPTION_VERSION \
   }

/* Of a mode that rdr_sandbox_parse_mode() does not know: the option, and its value. */
#define CLI_SANDBOX_ERROR "%s: \"%s\" is none of best, required and off"

struct cli_command {
   const char *name;

   /* One line for `tongs help`; NULL: users do not need the command. */
   const char *summary;

   /* The whole of `tongs NAME --help`. */
   const char *help;

   /* argv[0] is the command's name. Returns the exit status. */
   int (*run)(const struct cli_command *self, int argc, char **argv);
};

extern const struct cli_command cli_command_doctor;
extern const struct cli_command cli_command_dump;
extern const struct cli_command cli_command_info;
extern const struct cli_command cli_command_run;
extern const struct cli_command cli_command_serve;
extern const struct cli_command cli_command_worker;

/* A descriptor that stands for a closed standard stream: of /dev/null, or of nothing that can be
 * read or written where there is no such device. -1 with errno. */
int
cli_open_null(void);

/* Prints "tongs COMMAND: ...", one line; command may be NULL. */
void __attribute__((format(printf, 2, 3))) cli_error(const char *command, const char *format, ...);

/* As cli_error(), and names the help command. Returns CLI_EXIT_USAGE. */
int __attribute__((format(printf, 2, 3)))
cli_usage_error(const char *command, const char *format, ...);

/* Handles a return value of getopt_long() for which the command has no case of its own: --help,
 * --version, ':' and '?' (opterr is 0, and the option string begins with ':'). Returns the exit
 * status. */
int
cli_common_option(const struct cli_command *self, int option, char **argv);

/* Prints the command's help or the version to stdout; returns the exit status. */
int
cli_print_help(const struct cli_command *self);
int
cli_print_version(void);

/* Reads a decimal number from `min` to `max`. */
bool
cli_parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *value);

#endif
