/* SPDX-License-Identifier: MIT */

/* The unix-socket helpers: files and modes, stale sockets, descriptors, partial writes. */

#include "protocol/socket.h"

#include "tests/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char path[64]; /* where the tests may listen */
static int pair[2];   /* connected */

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
a_listener_has_its_mode_and_refuses_a_second(void)
{
   struct stat st = {0};
   int fd = tongs_socket_listen_unix(path, 0600);
   int client;

   CHECK(fd >= 0);
   CHECK(stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
   CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
   CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
   CHECK_EQUAL(tongs_socket_listen_unix(path, 0600), -EADDRINUSE);

   client = tongs_socket_connect_unix(path, 0);
   CHECK(client >= 0 && (fcntl(client, F_GETFD) & FD_CLOEXEC));
   CHECK(client >= 0 && !(fcntl(client, F_GETFL) & O_NONBLOCK));
   close(client);
   close(fd);
   unlink(path);
}

static void
a_stale_socket_is_replaced_and_a_file_is_not(void)
{
   int fd = tongs_socket_listen_unix(path, 0600);

   close(fd);
   CHECK_EQUAL(tongs_socket_connect_unix(path, 0), -ECONNREFUSED);
   fd = tongs_socket_listen_unix(path, 0666);
   CHECK(fd >= 0);
   close(fd);
   unlink(path);

   fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
   close(fd);
   CHECK_EQUAL(tongs_socket_listen_unix(path, 0600), -EEXIST);
   CHECK(access(path, F_OK) == 0);
   unlink(path);
   CHECK_EQUAL(tongs_socket_connect_unix(path, 0), -ENOENT);
}

static void
bad_paths_are_refused(void)
{
   char path[200];

   memset(path, 'a', sizeof(path));
   path[108] = '\0';
   CHECK_EQUAL(tongs_socket_listen_unix(path, 0600), -ENAMETOOLONG);
   CHECK_EQUAL(tongs_socket_connect_unix(path, 0), -ENAMETOOLONG);
   CHECK_EQUAL(tongs_socket_listen_unix("", 0600), -EINVAL);
   CHECK_EQUAL(tongs_socket_listen_unix("/nonexistent/s", 0600), -ENOENT);
}

static void
descriptors_travel_with_the_first_byte(void)
{
   char a[] = "ab", b[] = "c", buf[8];
   struct iovec iov[] = {{NULL, 0}, {a, 2}, {b, 1}};
   int sent[2] = {STDIN_FILENO, STDERR_FILENO}, got[4];
   size_t count = 4;

   CHECK_EQUAL(tongs_socket_send_all(pair[0], iov, 3, sent, 2), 0);
   CHECK_EQUAL(tongs_socket_recv(pair[1], buf, sizeof(buf), got, &count), 3);
   CHECK(!memcmp(buf, "abc", 3));
   CHECK_EQUAL(count, 2);
   for (size_t i = 0; i < count; i++) {
      CHECK(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
      close(got[i]);
   }

   iov[0] = (struct iovec){NULL, 0};
   CHECK_EQUAL(tongs_socket_send_all(pair[0], iov, 1, sent, 1), -EINVAL);
   CHECK_EQUAL(tongs_socket_send_all(pair[0], iov, 1, NULL, 0), 0);
}

static void
unwanted_descriptors_are_closed(void)
{
   unsigned before = count_open_fds();
   int sent[TONGS_FDS_MAX + 1] = {0}, got[2];
   size_t count = 2;
   char byte = 'x';

   CHECK_EQUAL(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, sent, 3), 0);
   CHECK_EQUAL(tongs_socket_recv(pair[1], &byte, 1, got, &count), -EPROTO);
   CHECK_EQUAL(count, 0);
   CHECK_EQUAL(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, sent, 1), 0);
   CHECK_EQUAL(tongs_socket_recv(pair[1], &byte, 1, NULL, NULL), -EPROTO);
   CHECK_EQUAL(
      tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, sent, TONGS_FDS_MAX + 1),
      -EINVAL);
   CHECK_EQUAL(count_open_fds(), before);
}

static void
a_cut_control_message_closes_what_came(void)
{
   unsigned before = count_open_fds();
   int sent[TONGS_FDS_MAX] = {0}, got[TONGS_FDS_MAX];
   size_t count = TONGS_FDS_MAX;
   struct rlimit limit, tight;
   char byte = 'x';

   CHECK_EQUAL(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, sent, 8), 0);
   getrlimit(RLIMIT_NOFILE, &limit);
   tight = limit;
   tight.rlim_cur = (rlim_t)pair[1] + 4;
   setrlimit(RLIMIT_NOFILE, &tight);
   CHECK_EQUAL(tongs_socket_recv(pair[1], &byte, 1, got, &count), -EPROTO);
   setrlimit(RLIMIT_NOFILE, &limit);
   CHECK_EQUAL(count, 0);
   CHECK_EQUAL(count_open_fds(), before);
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
partial_writes_go_on_and_the_end_is_seen(void)
{
   size_t size = 8u << 20;
   char *data = calloc(1, size);
   struct iovec iov[] = {{data, 3}, {data, size - 3}, {data, 5}};
   void *total = NULL;
   pthread_t thread;
   int pair[2];

   REQUIRE(data && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
   fcntl(pair[1], F_SETFL, 0);
   REQUIRE(pthread_create(&thread, NULL, drain, &pair[1]) == 0);
   CHECK_EQUAL(tongs_socket_send_all(pair[0], iov, 3, NULL, 0), 0);
   close(pair[0]);
   pthread_join(thread, &total);
   CHECK_EQUAL((size_t)total, size + 5);
   close(pair[1]);
   free(data);
}

static void
a_lost_peer_is_an_error_and_no_signal(void)
{
   char byte = 'x';
   int pair[2];

   REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
   close(pair[1]);
   CHECK_EQUAL(tongs_socket_send_all(pair[0], &(struct iovec){&byte, 1}, 1, NULL, 0), -EPIPE);
   CHECK_EQUAL(tongs_socket_recv(pair[0], &byte, 1, NULL, NULL), 0);
   close(pair[0]);
}

int
main(void)
{
   char dir[] = "/tmp/tongs-test-socket-XXXXXX";
   const unsigned before = count_open_fds();

   REQUIRE(mkdtemp(dir) && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
   snprintf(path, sizeof(path), "%s/s", dir);
   umask(0);

   check_run(a_listener_has_its_mode_and_refuses_a_second);
   check_run(a_stale_socket_is_replaced_and_a_file_is_not);
   check_run(bad_paths_are_refused);
   check_run(descriptors_travel_with_the_first_byte);
   check_run(unwanted_descriptors_are_closed);
   check_run(a_cut_control_message_closes_what_came);
   check_run(partial_writes_go_on_and_the_end_is_seen);
   check_run(a_lost_peer_is_an_error_and_no_signal);

   close(pair[0]);
   close(pair[1]);
   rmdir(dir);
   fact(count_open_fds() == before, "no descriptor is left over");
   return check_end();
}
