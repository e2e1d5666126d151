/* SPDX-License-Identifier: MIT */

/* The unix-socket helpers: files and modes, stale sockets, descriptors, partial writes. */

#include "protocol/socket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned failures;

#define CHECK(condition) \
   do { \
      if (!(condition)) { \
         fprintf(stderr, "%s:%d: not so: %s\n", __func__, __LINE__, #condition); \
         failures++; \
      } \
   } while (0)

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

static void
test_a_listener_has_its_mode_and_refuses_a_second(const char *path)
{
   struct stat st = {0};
   int fd = tongs_socket_listen_unix(path, 0600);
   int client;

   CHECK(fd >= 0);
   CHECK(stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
   CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
   CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
   CHECK(tongs_socket_listen_unix(path, 0600) == -EADDRINUSE);

   client = tongs_socket_connect_unix(path);
   CHECK(client >= 0 && (fcntl(client, F_GETFD) & FD_CLOEXEC));
   CHECK(client >= 0 && !(fcntl(client, F_GETFL) & O_NONBLOCK));
   close(client);
   close(fd);
   unlink(path);
}

static void
test_a_stale_socket_is_replaced_and_a_file_is_not(const char *path)
{
   int fd = tongs_socket_listen_unix(path, 0600);

   close(fd);
   CHECK(tongs_socket_connect_unix(path) == -ECONNREFUSED);
   fd = tongs_socket_listen_unix(path, 0666);
   CHECK(fd >= 0);
   close(fd);
   unlink(path);

   fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
   close(fd);
   CHECK(tongs_socket_listen_unix(path, 0600) == -EEXIST);
   CHECK(access(path, F_OK) == 0);
   unlink(path);
   CHECK(tongs_socket_connect_unix(path) == -ENOENT);
}

static void
test_bad_paths_are_refused(void)
{
   char path[200];

   memset(path, 'a', sizeof(path));
   path[108] = '\0';
   CHECK(tongs_socket_listen_unix(path, 0600) == -ENAMETOOLONG);
   CHECK(tongs_socket_connect_unix(path) == -ENAMETOOLONG);
   CHECK(tongs_socket_listen_unix("", 0600) == -EINVAL);
   CHECK(tongs_socket_listen_unix("/nonexistent/s", 0600) == -ENOENT);
}

static void
test_descriptors_travel_with_the_first_byte(const int pair[2])
{
   char a[] = "ab", b[] = "c", buf[8];
   struct iovec iov[] = {{NULL, 0}, {a, 2}, {b, 1}};
   int sent[2] = {STDIN_FILENO, STDERR_FILENO}, got[4];
   size_t count = 4;

   CHECK(tongs_socket_send_all(pair[0], iov, 3, sent, 2) == 0);
   CHECK(tongs_socket_recv(pair[1], buf, sizeof(buf), got, &count) == 3);
   CHECK(!memcmp(buf, "abc", 3));
   CHECK(count == 2);
   for (size_t i = 0; i < count; i++) {
      CHECK(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
      close(got[i]);
   }

   iov[0] = (struct iovec){NULL, 0};
   CHECK(tongs_socket_send_all(pair[0], iov, 1, sent, 1) == -EINVAL);
   CHECK(tongs_socket_send_all(pair[0], iov, 1, NULL, 0) == 0);
}

static void
test_unwanted_descriptors_are_closed(const int pair[2])
{
   unsigned before = count_open_fds();
   int sent[TONGS_SOCKET_MAX_FDS + 1] = {0}, got[2];
   size_t count = 2;
   char byte = 'x';

   CHECK(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, sent, 3) == 0);
   CHECK(tongs_socket_recv(pair[1], &byte, 1, got, &count) == -EPROTO);
   CHECK(count == 0);
   CHECK(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, sent, 1) == 0);
   CHECK(tongs_socket_recv(pair[1], &byte, 1, NULL, NULL) == -EPROTO);
   CHECK(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, sent,
                               TONGS_SOCKET_MAX_FDS + 1) == -EINVAL);
   CHECK(count_open_fds() == before);
}

static void
test_a_cut_control_message_closes_what_came(const int pair[2])
{
   unsigned before = count_open_fds();
   int sent[TONGS_SOCKET_MAX_FDS] = {0}, got[TONGS_SOCKET_MAX_FDS];
   size_t count = TONGS_SOCKET_MAX_FDS;
   struct rlimit limit, tight;
   char byte = 'x';

   CHECK(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, sent, 8) == 0);
   getrlimit(RLIMIT_NOFILE, &limit);
   tight = limit;
   tight.rlim_cur = (rlim_t)pair[1] + 4;
   setrlimit(RLIMIT_NOFILE, &tight);
   CHECK(tongs_socket_recv(pair[1], &byte, 1, got, &count) == -EPROTO);
   setrlimit(RLIMIT_NOFILE, &limit);
   CHECK(count == 0);
   CHECK(count_open_fds() == before);
}

static void *
drain(void *arg)
{
   const int *fd = arg;
   static char buf[777];
   size_t total = 0;
   ssize_t n;

   while ((n = tongs_socket_recv(*fd, buf, sizeof(buf), NULL, NULL)) > 0)
      total += (size_t)n;
   return (void *)(n < 0 ? 0 : total);
}

static void
test_partial_writes_go_on_and_the_end_is_seen(void)
{
   size_t size = 8u << 20;
   char *data = calloc(1, size);
   struct iovec iov[] = {{data, 3}, {data, size - 3}, {data, 5}};
   void *total = NULL;
   pthread_t thread;
   int pair[2];

   if (!data || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
      abort();
   fcntl(pair[1], F_SETFL, 0);
   if (pthread_create(&thread, NULL, drain, &pair[1]) != 0)
      abort();
   CHECK(tongs_socket_send_all(pair[0], iov, 3, NULL, 0) == 0);
   close(pair[0]);
   pthread_join(thread, &total);
   CHECK((size_t)total == size + 5);
   close(pair[1]);
   free(data);
}

static void
test_a_lost_peer_is_an_error_and_no_signal(void)
{
   char byte = 'x';
   int pair[2];

   if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
      abort();
   close(pair[1]);
   CHECK(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, NULL, 0) == -EPIPE);
   CHECK(tongs_socket_recv(pair[0], &byte, 1, NULL, NULL) == 0);
   close(pair[0]);
}

int
main(void)
{
   char dir[] = "/tmp/tongs-test-socket-XXXXXX", path[64];
   unsigned before = count_open_fds();
   int pair[2];

   if (!mkdtemp(dir) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
      return 99;
   snprintf(path, sizeof(path), "%s/s", dir);
   umask(0);

   test_a_listener_has_its_mode_and_refuses_a_second(path);
   test_a_stale_socket_is_replaced_and_a_file_is_not(path);
   test_bad_paths_are_refused();
   test_descriptors_travel_with_the_first_byte(pair);
   test_unwanted_descriptors_are_closed(pair);
   test_a_cut_control_message_closes_what_came(pair);
   test_partial_writes_go_on_and_the_end_is_seen();
   test_a_lost_peer_is_an_error_and_no_signal();

   close(pair[0]);
   close(pair[1]);
   rmdir(dir);
   CHECK(count_open_fds() == before);
   return failures ? 1 : 0;
}
