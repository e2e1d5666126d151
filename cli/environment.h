/* SPDX-License-Identifier: MIT */

/* Where this build's pieces lie, and the environment that puts them to use:
 *
 *    VK_DRIVER_FILES, VK_ICD_FILENAMES   our manifest, for the Vulkan loader
 *    TONGS_SERVER                        the peer, for the ICD
 *    TONGS_BIN                           this program, for the ICD that starts a worker with it
 *    TONGS_HOST_DRIVER                   the host's driver, for the worker
 *    TONGS_VALIDATE, TONGS_CAPTURE       --validate and --capture, for the worker
 *
 * TONGS_MANIFEST and TONGS_LIBRARY override where the manifest and the ICD are looked for.
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

/* What an option says; NULL or false: nothing, the environment stays as it is. */
struct cli_environment {
   const char *server;
   const char *host_driver;
   const char *capture;
   bool validate;
};

/* Sets everything above in this process's environment and finds the pieces: what the environment
 * names, else those of the build tree that this program lies in, else the installed ones.
 * File names become absolute, as the program may change its directory before it makes an instance.
 * A VK_DRIVER_FILES or VK_ICD_FILENAMES that the user set to something other than our manifest
 * becomes TONGS_HOST_DRIVER.
 * Returns 0, or the exit status after it has printed what is wrong.
 */
int
cli_environment_apply(const char *command, const struct cli_environment *environment,
                      struct cli_paths *paths);

#endif
