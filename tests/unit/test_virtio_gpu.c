/* SPDX-License-Identifier: MIT */

/* The virtio-gpu device's quotas: what one client in a guest may take, and what is left to
 * the others. */

#include "tests/check.h"

#include "renderer/virtio/device.h"
#include "renderer/virtio/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((uint64_t)TONGS_VIRTGPU_PAGE)
#define MEMORY_SIZE ((size_t)1 << 20)
#define STREAM_PAGES (TONGS_VIRTGPU_STREAM_SIZE / TONGS_VIRTGPU_PAGE)
#define WORKERS 4u
#define WORKER_PID 1000000000 /* above all there can be */

struct machine {
   struct rdr_guest_memory memory;
   struct rdr_virtio_device *device;
   uint32_t answer;
   int workers[WORKERS]; /* their ends of the sockets, which nobody reads; -1: none */
   bool refuses_unmap;
};

static unsigned
count_open_fds(void)
{
   DIR *dir = opendir("/proc/self/fd");
   unsigned count = 0;

   while (dir && readdir(dir))
      count++;
   if (dir)
      closedir(dir);
   return count;
}

/* --- A machine --- */

static void
on_answer(void *owner, const struct rdr_virtio_request *request, const void *data, size_t size)
{
   (void)request;
   (void)size;
   ((struct machine *)owner)->answer = ((const struct virtio_gpu_ctrl_hdr *)data)->type;
}

static pid_t
start_worker(void *owner, int fd)
{
   struct machine *m = owner;

   for (unsigned i = 0; i < WORKERS; i++) {
      if (m->workers[i] >= 0)
         continue;
      m->workers[i] = dup(fd);
      return WORKER_PID + (pid_t)i;
   }
   return -1;
}

static void
end_worker(struct machine *m, pid_t pid)
{
   int *fd = &m->workers[pid - WORKER_PID];

   if (*fd >= 0)
      close(*fd);
   *fd = -1;
}

static void
kill_worker(void *owner, pid_t pid)
{
   end_worker(owner, pid);
}

static void
hold_worker(void *owner, pid_t pid, bool hold)
{
   (void)owner;
   (void)pid;
   (void)hold;
}

static uint64_t
host_window_size(void *owner)
{
   (void)owner;
   return UINT64_C(64) << 20;
}

static int
map(void *owner, int file, uint64_t offset, uint64_t size)
{
   (void)owner;
   (void)file;
   (void)offset;
   (void)size;
   return 0;
}

static int
unmap(void *owner, uint64_t offset, uint64_t size)
{
   (void)offset;
   (void)size;
   return ((struct machine *)owner)->refuses_unmap ? -EIO : 0;
}

static void
boot(unsigned max_workers, unsigned max_descriptors, struct machine *m)
{
   int fd = memfd_create("guest", MFD_CLOEXEC);
   const struct rdr_guest_region region = {.size = MEMORY_SIZE};

   *m = (struct machine){.workers = {-1, -1, -1, -1}};
   if (fd < 0 || ftruncate(fd, (off_t)MEMORY_SIZE) < 0 ||
       rdr_guest_memory_add(&m->memory, &region, fd) < 0)
      exit(1);
   m->device = rdr_virtio_device_create(&(struct rdr_virtio_device_options){
      .memory = &m->memory,
      .answer = on_answer,
      .owner = m,
      .start_worker = start_worker,
      .kill_worker = kill_worker,
      .hold_worker = hold_worker,
      .host_window_size = host_window_size,
      .map = map,
      .unmap = unmap,
      .max_workers = max_workers,
      .limits = rdr_guest_limits_default(),
      .max_descriptors = max_descriptors,
   });
   if (!m->device)
      exit(1);
}

static void
power_off(struct machine *m)
{
   rdr_virtio_device_destroy(m->device);
   rdr_guest_memory_clear(&m->memory);
   for (unsigned i = 0; i < WORKERS; i++)
      end_worker(m, WORKER_PID + (pid_t)i);
}

/* Returns the answer's type; 0 when it is still to come. */
static uint32_t
run(struct machine *m, uint32_t type, uint32_t context, const void *body, size_t size)
{
   static uint8_t command[RDR_VIRTIO_COMMAND_MAX];
   const struct virtio_gpu_ctrl_hdr header = {.type = type, .ctx_id = context};
   struct rdr_virtio_request *request = calloc(1, sizeof(*request));

   if (!request)
      exit(1);
   memcpy(command, &header, sizeof(header));
   if (size)
      memcpy(command + sizeof(header), body, size);
   m->answer = 0;
   rdr_virtio_device_execute(m->device, request, command, sizeof(header) + size);
   return m->answer;
}

static void
make_context(struct machine *m, uint32_t number)
{
   uint8_t body[sizeof(struct virtio_gpu_ctx_create) - sizeof(struct virtio_gpu_ctrl_hdr)] = {0};

   run(m, VIRTIO_GPU_CMD_CTX_CREATE, number, body, sizeof(body));
}

static uint32_t
make_host_memory(struct machine *m, uint32_t number, uint32_t context)
{
   const struct {
      uint32_t resource, memory, flags, entries;
      uint64_t id, size;
   } body = {.resource = number, .memory = VIRTIO_GPU_BLOB_MEM_HOST3D, .flags = 1, .size = PAGE};

   return run(m, VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, context, &body, sizeof(body));
}

static uint32_t
on_resource(struct machine *m, uint32_t type, uint32_t number, uint32_t context)
{
   const uint32_t body[] = {number, 0};

   return run(m, type, context, body, sizeof(body));
}

static uint32_t
submit(struct machine *m, uint32_t context, uint32_t op, uint32_t resource)
{
   const struct {
      uint32_t size, padding;
      struct tongs_virtgpu_command command;
      uint8_t bytes[8];
   } body = {
      .size = sizeof(struct tongs_virtgpu_command) + sizeof(body.bytes),
      .command = {.op = op, .resource = resource},
   };

   return run(m, VIRTIO_GPU_CMD_SUBMIT_3D, context, &body, sizeof(body));
}

/* A context with an open stream in its resource `number`. */
static uint32_t
make_stream(struct machine *m, uint32_t context, uint32_t number)
{
   const uint32_t create[12] = {number};
   struct {
      uint32_t resource, entries;
      struct virtio_gpu_mem_entry entry;
   } pages = {number, 1, {.addr = number * STREAM_PAGES * PAGE, .length = STREAM_PAGES * PAGE}};

   make_context(m, context);
   run(m, VIRTIO_GPU_CMD_RESOURCE_CREATE_3D, 0, create, sizeof(create));
   run(m, VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, 0, &pages, sizeof(pages));
   on_resource(m, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, number, context);
   return submit(m, context, TONGS_VIRTGPU_OPEN, number);
}

/* --- Quotas --- */

static unsigned
fill_with_host_memory(struct machine *m, uint32_t context, uint32_t first)
{
   unsigned count = 0;

   while (count < 1000 && make_host_memory(m, first + count, context) == VIRTIO_GPU_RESP_OK_NODATA)
      count++;
   return count;
}

static void
host_memory_is_shared_out(void)
{
   struct machine m;

   boot(WORKERS, 64, &m);
   for (uint32_t i = 1; i <= 3; i++)
      make_context(&m, i);
   unsigned first = fill_with_host_memory(&m, 1, 1000);
   unsigned second = fill_with_host_memory(&m, 2, 2000);
   fact(first == 32, "a client alone has one half of the descriptors for its host memory");
   fact(m.answer == VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY && second == 16,
        "the next one has half of what is left");
   fact(fill_with_host_memory(&m, 1, 1500) == 0, "who has more than is left gets none");
   for (uint32_t i = 0; i < first; i++)
      on_resource(&m, VIRTIO_GPU_CMD_RESOURCE_UNREF, 1000 + i, 1);
   fact(fill_with_host_memory(&m, 3, 3000) == 24, "what was given back is there for others");
   run(&m, VIRTIO_GPU_CMD_CTX_DESTROY, 3, NULL, 0);
   make_context(&m, 3);
   fact(fill_with_host_memory(&m, 3, 4000) > 0, "a context of an old number begins with nothing");
   power_off(&m);
}

static void
leases_are_shared_out(void)
{
   struct machine m;
   unsigned sent = 0;

   boot(WORKERS, 200, &m);
   fact(make_stream(&m, 1, 1) == VIRTIO_GPU_RESP_OK_NODATA, "a client has a stream");
   while (sent < 1000 && submit(&m, 1, TONGS_VIRTGPU_SEND, 1) == VIRTIO_GPU_RESP_OK_NODATA)
      sent++;
   fact(m.answer == VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY && sent > 20 && sent <= 100,
        "it leases pages until it has as many descriptors as are left");
   bool other = make_stream(&m, 2, 2) == VIRTIO_GPU_RESP_OK_NODATA;
   for (int i = 0; i < 20; i++)
      other = other && submit(&m, 2, TONGS_VIRTGPU_SEND, 2) == VIRTIO_GPU_RESP_OK_NODATA;
   fact(other, "another one has a stream and leases pages all the same");

   end_worker(&m, WORKER_PID);
   rdr_virtio_device_reap(m.device, WORKER_PID, 0);
   unsigned more = 0;
   while (more < 1000 && submit(&m, 2, TONGS_VIRTGPU_SEND, 2) == VIRTIO_GPU_RESP_OK_NODATA)
      more++;
   fact(more + 20 >= sent, "the leases of a worker end with it");
   power_off(&m);
}

/* As scattered as can be told to a worker: no page lies behind the one before. */
#define SCATTERED 65536u

static void
make_scattered(struct machine *m, uint32_t number, uint32_t context)
{
   const uint32_t create[12] = {number};
   struct {
      uint32_t resource, entries;
      struct virtio_gpu_mem_entry entry[SCATTERED];
   } *pages = calloc(1, sizeof(*pages));

   if (!pages)
      exit(1);
   pages->resource = number;
   pages->entries = SCATTERED;
   for (uint32_t i = 0; i < SCATTERED; i++)
      pages->entry[i] = (struct virtio_gpu_mem_entry){.addr = i * 2 % 256 * PAGE, .length = PAGE};
   run(m, VIRTIO_GPU_CMD_RESOURCE_CREATE_3D, 0, create, sizeof(create));
   run(m, VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING, 0, pages, sizeof(*pages));
   on_resource(m, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, number, context);
   free(pages);
}

static void
tables_count(void)
{
   const uint64_t table = SCATTERED * sizeof(struct tongs_pages_run);
   const uint64_t table_bytes_max = rdr_guest_limits_default().table_bytes;
   struct machine m;
   unsigned sent = 0;

   boot(WORKERS, 100000, &m);
   make_stream(&m, 1, 1);
   make_scattered(&m, 2, 1);
   while (sent < 1000 && submit(&m, 1, TONGS_VIRTGPU_SEND, 2) == VIRTIO_GPU_RESP_OK_NODATA)
      sent++;
   fact(m.answer == VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY && sent * table >= table_bytes_max - table &&
           sent * table < table_bytes_max + table,
        "the tables of pages that nobody reads are as many as they may be, and no more");
   power_off(&m);
}

static bool
map_and_forget(struct machine *m, unsigned count)
{
   for (uint32_t i = 0; i < count; i++) {
      const struct {
         uint32_t resource, padding;
         uint64_t offset;
      } body = {.resource = 10 + i, .offset = i * PAGE};
      if (make_host_memory(m, 10 + i, 1) != VIRTIO_GPU_RESP_OK_NODATA ||
          run(m, VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, 1, &body, sizeof(body)) !=
             VIRTIO_GPU_RESP_OK_MAP_INFO)
         return false;
      on_resource(m, VIRTIO_GPU_CMD_RESOURCE_UNREF, 10 + i, 1);
   }
   return true;
}

static void
what_stays_in_the_host_window_counts(void)
{
   const unsigned mapped_max = (unsigned)rdr_guest_limits_default().mapped;
   struct machine m;

   boot(WORKERS, 1000, &m);
   make_context(&m, 1);
   fact(map_and_forget(&m, 2 * mapped_max), "what leaves the host window makes room");
   m.refuses_unmap = true;
   fact(map_and_forget(&m, mapped_max), "a monitor may keep what it is to take away");
   fact(!map_and_forget(&m, 1) && m.answer == VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY,
        "that takes its room until the machine boots again");
   rdr_virtio_device_pause(m.device);
   rdr_virtio_device_reset(m.device);
   make_context(&m, 1);
   fact(map_and_forget(&m, 1), "then the host window is empty");
   power_off(&m);
}

/* --- The log --- */

static void
refusals_do_not_fill_the_log(void)
{
   struct machine m;
   FILE *file = tmpfile();
   int saved = dup(2), lines = 0, refused = 0;

   boot(1, 1000, &m);
   fflush(stderr);
   if (!file || saved < 0 || dup2(fileno(file), 2) < 0)
      exit(1);
   make_stream(&m, 1, 1);
   for (uint32_t i = 2; i < 102; i++) {
      make_context(&m, i);
      on_resource(&m, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, i);
      for (int j = 0; j < 10; j++)
         refused += submit(&m, i, TONGS_VIRTGPU_OPEN, 1) == VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
   }
   fflush(stderr);
   dup2(saved, 2);
   close(saved);
   rewind(file);
   for (int c; (c = fgetc(file)) != EOF;)
      lines += c == '\n';
   fclose(file);
   fact(refused == 1000 && lines > 1 && lines <= 30,
        "a thousand refusals are a few lines of the log");
   power_off(&m);
}

/* --- Links --- */

#define SENT 60u

static unsigned
take_all(int fd)
{
   char byte, control[CMSG_SPACE(16 * sizeof(int))];
   unsigned count = 0;

   for (;;) {
      struct iovec iov = {.iov_base = &byte, .iov_len = 1};
      struct msghdr msg = {
         .msg_iov = &iov,
         .msg_iovlen = 1,
         .msg_control = control,
         .msg_controllen = sizeof(control),
      };
      if (recvmsg(fd, &msg, MSG_DONTWAIT) <= 0)
         return count;
      for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
         int received;
         memcpy(&received, CMSG_DATA(c), sizeof(received));
         close(received);
         count++;
      }
   }
}

/* Of a user who may have 30 descriptors on their way: 0 when it is as it should, 77 when the kernel
 * does not mind. */
static int
send_too_many(void)
{
   const struct rlimit limit = {.rlim_cur = 30, .rlim_max = 30};
   struct machine m;
   uint64_t pages[STREAM_PAGES];
   bool crowded = false, ok = true;
   int fds[2];

   boot(1, 0, &m);
   if (getuid() == 0 && (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
      return 77;
   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0 ||
       setrlimit(RLIMIT_NOFILE, &limit) < 0)
      return 77;
   for (unsigned i = 0; i < STREAM_PAGES; i++)
      pages[i] = i * PAGE;
   struct rdr_virtio_stream *stream = rdr_virtio_stream_create(&m.memory, 1, pages, fds[0]);
   unsigned sent = 0, taken = 0;
   while (sent < SENT && !crowded) {
      int fd = open("/dev/null", O_RDONLY);
      ok = ok && fd >= 0 && rdr_virtio_stream_send(stream, "x", 1, &fd, 1);
      rdr_virtio_stream_pump(stream);
      crowded = stream->crowded;
      sent++;
   }
   bool open = stream->state == TONGS_VIRTGPU_STREAM_OPEN && !stream->deaf;
   bool waits = stream->queued_fds == 1 && !(rdr_virtio_stream_events(stream) & POLLOUT);
   for (int i = 0; i < 10 && taken < sent; i++) {
      taken += take_all(fds[1]);
      rdr_virtio_stream_pump(stream);
   }
   bool done = taken == sent && tongs_list_is_empty(&stream->chunks) && !stream->queued_fds &&
               !stream->crowded;
   rdr_virtio_stream_destroy(stream);
   return !crowded ? 77 : ok && open && waits && done ? 0 : 1;
}

static void
a_stream_outlives_too_many_descriptors(void)
{
   int status = 1;

   fflush(stdout);
   pid_t pid = fork();
   if (pid == 0)
      _exit(send_too_many());
   if (pid > 0)
      waitpid(pid, &status, 0);
   if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
      fact_skipped("a stream outlives too many descriptors", "the kernel does not limit them");
   else
      fact(status == 0,
           "a stream that the kernel has no room for is tried again, and loses nothing");
}

int
main(void)
{
   unsigned files = count_open_fds();

   host_memory_is_shared_out();
   leases_are_shared_out();
   tables_count();
   what_stays_in_the_host_window_counts();
   refusals_do_not_fill_the_log();
   a_stream_outlives_too_many_descriptors();
   fact(count_open_fds() == files, "no descriptor is left over");
   return check_end();
}
