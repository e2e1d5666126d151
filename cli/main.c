/* SPDX-License-Identifier: MIT */

/* `tongs`: the program that users type. Each subcommand is a row of `commands` and a file. */

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cli_command *const commands[] = {
   &cli_command_run,  &cli_command_serve,  &cli_command_info,
   &cli_command_dump, &cli_command_doctor, &cli_command_worker, // hidden
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* Flushes the standard output. Printed output may still be lost, for example on a full disk. */
static int
finish_stdout(void)
{
   if (fflush(stdout) == 0 && !ferror(stdout))
      return 0;
   cli_error(NULL, "cannot write to the standard output: %s", strerror(errno));
   return CLI_EXIT_FAILURE;
}

static void
print_error(const char *command, const char *format, va_list args)
{
   char text[1024];

   vsnprintf(text, sizeof(text), format, args);
   fprintf(stderr, "tongs%s%s: %s\n", command ? " " : "", command ? command : "", text);
}

void
cli_error(const char *command, const char *format, ...)
{
   va_list args;

   va_start(args, format);
   print_error(command, format, args);
   va_end(args);
}

int
cli_usage_error(const char *command, const char *format, ...)
{
   char text[1024];
   va_list args;

   va_start(args, format);
   vsnprintf(text, sizeof(text), format, args);
   va_end(args);
   cli_error(command, "%s; see `tongs help%s%s`", text, command ? " " : "", command ? command : "");
   return CLI_EXIT_USAGE;
}

int
cli_print_version(void)
{
   puts("tongs " TONGS_VERSION);
   return finish_stdout();
}

int
cli_print_help(const struct cli_command *self)
{
   fputs(self->help, stdout);
   return finish_stdout();
}

int
cli_common_option(const struct cli_command *self, int option, char **argv)
{
   const char *text = argv[optind - 1];

   switch (option) {
   case CLI_OPTION_HELP:
      return cli_print_help(self);
   case CLI_OPTION_VERSION:
      return cli_print_version();
   case ':':
      return cli_usage_error(self->name, "option '%s' needs a value", text);
   default:
      /* If a long option was given a value that it does not take, optopt is that option's val. If a
       * short option is unknown, optopt is its letter, and getopt_long() may not have moved to the
       * next word yet. */
      if (optopt >= CLI_OPTION_HELP)
         return cli_usage_error(self->name, "option '%s' takes no value", text);
      if (optopt != 0)
         return cli_usage_error(self->name, "unknown option '-%c'", optopt);
      return cli_usage_error(self->name, "unknown option '%s'", text);
   }
}

bool
cli_parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
   uint64_t v = 0;

   if (!*text)
      return false;
   for (; *text; text++) {
      if (*text < '0' || *text > '9')
         return false;
      v = v * 10 + (uint64_t)(*text - '0');
      if (v > max)
         return false;
   }
   if (v < min)
      return false;
   *value = (uint32_t)v;
   return true;
}

static int
print_overview(void)
{
   puts("Usage: tongs COMMAND [OPTIONS]\n"
        "\n"
        "Vulkan at arm's length: another process carries out an application's Vulkan calls.\n"
        "\n"
        "Commands:");
   for (size_t i = 0; i < COMMAND_COUNT; i++) {
      if (commands[i]->summary)
         printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
   }
   puts("  help     explain a command: tongs help COMMAND\n"
        "\n"
        "Options:\n"
        "  --help     print this\n"
        "  --version  print the version\n"
        "\n"
        "Start with:  tongs run -- vulkaninfo --summary\n"
        "The manual:  man tongs");
   return finish_stdout();
}

static const struct cli_command *
find_command(const char *name)
{
   for (size_t i = 0; i < COMMAND_COUNT; i++) {
      if (!strcmp(commands[i]->name, name))
         return commands[i];
   }
   return NULL;
}

static int
help(int argc, char **argv)
{
   const struct cli_command *command;

   if (argc < 2 || !strcmp(argv[1], "--help"))
      return print_overview();
   if (argc > 2)
      return cli_usage_error(NULL, "help explains one command at a time");
   command = find_command(argv[1]);
   if (!command)
      return cli_usage_error(NULL, "unknown command '%s'", argv[1]);
   return cli_print_help(command);
}

int
cli_open_null(void)
{
   int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

   return fd >= 0 ? fd : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* If descriptor 0, 1 or 2 were closed, a socket could get its number, and messages would be written
 * to the socket. */
static bool
fill_standard_descriptors(void)
{
   int fd;

   do {
      fd = cli_open_null();
      if (fd >= 0 && fd <= STDERR_FILENO)
         fcntl(fd, F_SETFD, 0);
   } while (fd >= 0 && fd <= STDERR_FILENO);
   if (fd < 0)
      return false;
   close(fd);
   return true;
}

int
main(int argc, char **argv)
{
   const struct cli_command *command;

   if (!fill_standard_descriptors()) {
      cli_error(NULL, "cannot open /dev/null or /: %s", strerror(errno));
      return CLI_EXIT_FAILURE;
   }
   if (argc < 2)
      return cli_usage_error(NULL, "a command is missing");
   if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
      return print_overview();
   if (!strcmp(argv[1], "--version"))
      return cli_print_version();
   if (!strcmp(argv[1], "help"))
      return help(argc - 1, argv + 1);
   if (argv[1][0] == '-')
      return cli_usage_error(NULL, "unknown option '%s'", argv[1]);

   command = find_command(argv[1]);
   if (!command)
      return cli_usage_error(NULL, "unknown command '%s'", argv[1]);
   opterr = 0;
   return command->run(command, argc - 1, argv + 1);
}
