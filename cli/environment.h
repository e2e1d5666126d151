/* SPDX-License-Identifier: MIT */

/* Finds the files of this build, and sets the environment variables that make a program use them:
 *
 *    VK_DRIVER_FILES, VK_ICD_FILENAMES   our manifest, for the Vulkan loader
 *    TONGS_SERVER                        the server, for the ICD
 *    TONGS_BIN                           this program, with which the ICD starts a private worker
 *    TONGS_HOST_DRIVER                   the host driver, for the worker
 *    TONGS_VALIDATE, TONGS_CAPTURE       --validate and --capture, for the worker
 *
 * TONGS_MANIFEST and TONGS_LIBRARY name the manifest and the ICD if they are in another place.
 */

#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include <limits.h>
#include <stdbool.h>

struct cli_paths {
   char program[PATH_MAX];  /* this executable */
   char manifest[PATH_MAX]; /* our vk_icd.json */
   char library[PATH_MAX];  /* libvulkan_tongs.so */
};

/* The options of a command. A member that is NULL or false leaves its variable as it is. */
struct cli_environment {
   const char *server;
   const char *host_driver;
   const char *capture;
   bool validate;
};

/* Sets the variables above in this process's environment and fills *paths. Each file is the one
 * that the environment names, else the one in the build tree of this program, else the installed
 * one. File names become absolute, because the application may change its directory before it
 * creates an instance. If the user has set VK_DRIVER_FILES or VK_ICD_FILENAMES to a driver other
 * than ours, that driver becomes TONGS_HOST_DRIVER. Returns 0; or prints the reason and returns the
 * exit status. */
int
cli_environment_apply(const char *command, const struct cli_environment *environment,
                      struct cli_paths *paths);

#endif
