/* SPDX-License-Identifier: MIT */
#include "renderer/worker/sandbox.h"

#include "protocol/environment.h"
#include "renderer/worker/manifests.h"
#include "renderer/worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- Landlock's numbers, some of which are newer than the headers --- */

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ_DIR LANDLOCK_ACCESS_FS_READ_DIR
#define WRITE_FILE LANDLOCK_ACCESS_FS_WRITE_FILE
#define MAKE_REG LANDLOCK_ACCESS_FS_MAKE_REG
#define MAKE_DIR LANDLOCK_ACCESS_FS_MAKE_DIR
#define REMOVE_FILE LANDLOCK_ACCESS_FS_REMOVE_FILE
#define TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */

#define FILE_RIGHTS (READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV)
#define OWN_FILES (READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_REG | MAKE_DIR | REMOVE_FILE)

/* struct landlock_ruleset_attr of ABI 6. An older kernel accepts it if the newer members are 0. */
struct ruleset {
   uint64_t files;
   uint64_t net;
   uint64_t scoped;
};

/* The ABI of this kernel's Landlock; 0 if it has none or it is off. */
static int
landlock_abi(void)
{
   long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

   return abi > 0 ? (int)abi : 0;
}

static struct ruleset
rights_of(int abi)
{
   struct ruleset r = {.files = (UINT64_C(1) << 13) - 1};

   if (abi >= 2)
      r.files |= UINT64_C(1) << 13; /* moving files between directories */
   if (abi >= 3)
      r.files |= TRUNCATE;
   if (abi >= 4)
      r.net = 3; /* bind(2) and connect(2) of TCP */
   if (abi >= 5)
      r.files |= IOCTL_DEV;
   if (abi >= 6)
      r.scoped = 3; /* abstract sockets and signals */
   return r;
}

/* --- What may be opened --- */

struct rules {
   int fd; /* of the ruleset */
   uint64_t handled;
};

/* A file that does not exist cannot be opened anyhow, so it needs no rule. */
static void
allow(const struct rules *rules, const char *path, uint64_t rights)
{
   struct landlock_path_beneath_attr rule = {
      .parent_fd = open(path, O_PATH | O_CLOEXEC),
      .allowed_access = rights & rules->handled,
   };
   struct stat st;

   if (rule.parent_fd < 0)
      return;
   if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
      rule.allowed_access &= FILE_RIGHTS;
   syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
   close(rule.parent_fd);
}

static void
allow_matches(const struct rules *rules, const char *pattern, uint64_t rights)
{
   glob_t found;

   if (glob(pattern, 0, NULL, &found))
      return;
   for (size_t i = 0; i < found.gl_pathc; i++)
      allow(rules, found.gl_pathv[i], rights);
   globfree(&found);
}

/* Each path of a list with colons. */
static void
allow_list(const struct rules *rules, const char *list, uint64_t rights)
{
   char *copy = list ? strdup(list) : NULL, *rest = NULL;

   for (char *one = copy ? strtok_r(copy, ":", &rest) : NULL; one; one = strtok_r(NULL, ":", &rest))
      allow(rules, one, rights);
   free(copy);
}

static void
allow_parent(const struct rules *rules, const char *path, uint64_t rights)
{
   char parent[PATH_MAX];

   snprintf(parent, sizeof(parent), "%s", path);
   char *slash = strrchr(parent, '/');
   if (!slash)
      return;
   slash[slash == parent] = '\0';
   allow(rules, parent, rights);
}

struct manifest_rules {
   const struct rules *rules;
   unsigned profiles;
};

static unsigned
profile_of(const char *library)
{
   static const struct {
      const char *name;
      unsigned profile;
   } known[] = {
      {"lvp", RDR_SANDBOX_LAVAPIPE},
      {"mock", RDR_SANDBOX_LAVAPIPE},
      {"vk_swiftshader", RDR_SANDBOX_LAVAPIPE},
      {"nvidia", RDR_SANDBOX_NVIDIA},
      {"GLX_nvidia", RDR_SANDBOX_NVIDIA},
      {"EGL_nvidia", RDR_SANDBOX_NVIDIA},
   };

   for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
      if (strstr(library, known[i].name))
         return known[i].profile;
   }
   return RDR_SANDBOX_MESA;
}

static void
note_manifest(void *data, const char *manifest)
{
   struct manifest_rules *m = data;
   char library[PATH_MAX];

   if (m->rules)
      allow_parent(m->rules, manifest, READ_FILE | READ_DIR); /* the loader lists the folder */
   if (!rdr_manifest_library(manifest, library, sizeof(library)))
      return;
   m->profiles |= profile_of(library);
   if (m->rules && library[0] == '/')
      allow_parent(m->rules, library, READ_FILE | READ_DIR);
}

unsigned
rdr_sandbox_profiles(const struct rdr_worker_options *options)
{
   struct manifest_rules m = {0};

   rdr_manifests_each(options->host_driver, note_manifest, &m);
   return m.profiles;
}

static void
allow_devices(const struct rules *rules, unsigned profiles)
{
   const uint64_t device = READ_FILE | WRITE_FILE | IOCTL_DEV;

   allow(rules, "/dev/null", device);
   allow(rules, "/dev/zero", device);
   allow(rules, "/dev/random", READ_FILE);
   allow(rules, "/dev/urandom", READ_FILE);
   allow(rules, "/dev/udmabuf", device);
   allow_matches(rules, "/dev/dri/renderD*", device);
   allow(rules, "/dev/dri", READ_DIR);
   if (profiles & RDR_SANDBOX_NVIDIA) {
      allow_matches(rules, "/dev/nvidia*", device);
      allow(rules, "/proc/driver/nvidia", READ_FILE | READ_DIR);
      allow(rules, "/etc/nvidia", READ_FILE | READ_DIR);
   }
   if (profiles & RDR_SANDBOX_MESA) {
      allow(rules, "/sys/bus/pci/devices", READ_FILE | READ_DIR);
      allow(rules, "/sys/class/drm", READ_FILE | READ_DIR);
   }
}

/* Where Mesa keeps its shader cache: rdr_host_set_environment() has named the directory. */
static void
allow_shader_cache(const struct rules *rules)
{
   const char *dir = tongs_getenv("MESA_SHADER_CACHE_DIR");
   char path[PATH_MAX];

   if (!dir)
      dir = tongs_getenv("XDG_CACHE_HOME");
   if (!dir)
      return;
   mkdir(dir, 0700);
   snprintf(path, sizeof(path), "%s/mesa_shader_cache", dir);
   mkdir(path, 0700); /* the worker cannot do so later */
   allow(rules, path, OWN_FILES);
}

static void
allow_all(const struct rules *rules, const struct rdr_worker_options *options)
{
   static const char *const readable[] = {
      "/usr",
      "/lib",
      "/lib32",
      "/lib64",
      "/nix/store",
      "/gnu/store",
      "/etc/vulkan",
      "/etc/drirc",
      "/etc/ld.so.cache",
      "/proc/self",
      "/proc/cpuinfo",
      "/proc/stat",
      "/proc/meminfo",
      "/proc/filesystems",
      "/sys/devices",
      "/sys/dev/char",
      "/proc/sys/vm/overcommit_memory",
   };
   struct manifest_rules m = {.rules = rules};

   for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
      allow(rules, readable[i], READ_FILE | READ_DIR);
   rdr_manifests_each(options->host_driver, note_manifest, &m);
   allow_list(rules, tongs_getenv("LD_LIBRARY_PATH"), READ_FILE | READ_DIR);
   if (options->validate) {
      allow_list(rules, tongs_getenv("VK_LAYER_PATH"), READ_FILE | READ_DIR);
      allow_list(rules, tongs_getenv("VK_ADD_LAYER_PATH"), READ_FILE | READ_DIR);
   }
   allow_devices(rules, m.profiles);
   if (!options->no_shader_cache)
      allow_shader_cache(rules);
   if (options->capture)
      allow_parent(rules, options->capture, READ_FILE | WRITE_FILE | TRUNCATE | MAKE_REG);
}

/* 0 or -errno. */
static int
restrict_files(const struct rdr_worker_options *options)
{
   struct ruleset rights = rights_of(landlock_abi());
   struct rules rules = {.handled = rights.files};

   rules.fd = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
   if (rules.fd < 0)
      return -errno;
   allow_all(&rules, options);
   int error = syscall(SYS_landlock_restrict_self, rules.fd, 0) ? -errno : 0;
   close(rules.fd);
   return error;
}

/* --- The steps --- */

bool
rdr_sandbox_parse_mode(const char *text, enum rdr_sandbox_mode *mode)
{
   static const char *const names[] = {
      [RDR_SANDBOX_BEST] = "best",
      [RDR_SANDBOX_REQUIRED] = "required",
      [RDR_SANDBOX_OFF] = "off",
   };

   for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
      if (!strcmp(text, names[i])) {
         *mode = (enum rdr_sandbox_mode)i;
         return true;
      }
   }
   return false;
}

void
rdr_sandbox_describe(char *in_force, size_t in_force_size, char *missing, size_t missing_size)
{
   const char *why;
   const bool filter = rdr_sandbox_can_filter(&why);
   const int abi = landlock_abi();
   char landlock[40] = "";

   if (abi)
      snprintf(landlock, sizeof(landlock), "Landlock (ABI %d)", abi);
   snprintf(in_force, in_force_size, "%s%s%s", landlock, abi && filter ? ", " : "",
            filter ? "seccomp filter"
            : abi  ? ""
                   : "nothing");
   snprintf(missing, missing_size, "%s%s%s%s%s",
            abi ? "" : "Landlock (the kernel has none, or it is off)",
            abi && abi < 6 ? "abstract sockets and signals (Landlock before ABI 6)" : "",
            abi < 6 && !filter ? ", " : "", filter ? "" : "seccomp filter: ", filter ? "" : why);
}

/* Logs a step that failed. `exists`: this machine has it, so that the failure is no known lack,
 * which `tongs serve` tells. Returns whether the worker may go on without the step. */
static bool
go_on_without(const struct rdr_worker_options *options, const char *step, bool exists, int error)
{
   const bool required = options->sandbox == RDR_SANDBOX_REQUIRED;

   if (required)
      fprintf(stderr, "tongs worker %d: %s failed (%s), and --sandbox=required demands it\n",
              (int)getpid(), step, strerror(-error));
   else if (exists)
      fprintf(stderr, "tongs worker %d: %s failed (%s): the worker goes on without it\n",
              (int)getpid(), step, strerror(-error));
   return !required;
}

bool
rdr_sandbox_limit_files(const struct rdr_worker_options *options)
{
   static bool done;

   if (done || options->sandbox == RDR_SANDBOX_OFF)
      return true;
   done = true;
   /* A core file holds what the client sent, and belongs to the user who serves. */
   setrlimit(RLIMIT_CORE, &(struct rlimit){0});
   setsid(); /* fails if the process leads a group, which is as good */
   int error = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
   if (error && !go_on_without(options, "PR_SET_NO_NEW_PRIVS", true, error))
      return false;
   error = restrict_files(options);
   return !error || go_on_without(options, "Landlock", landlock_abi() > 0, error);
}

bool
rdr_sandbox_limit_calls(const struct rdr_worker_options *options)
{
   static bool done;

   if (done || options->sandbox == RDR_SANDBOX_OFF)
      return true;
   done = true;
   const char *why;
   const bool exists = rdr_sandbox_can_filter(&why);
   int error = rdr_sandbox_filter(rdr_sandbox_profiles(options));
   return !error || go_on_without(options, "the seccomp filter", exists, error);
}
