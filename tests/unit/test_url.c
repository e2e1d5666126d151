/* SPDX-License-Identifier: MIT */

/* The server's names: what is accepted gives the right fields and comes back as the same text;
 * what is refused is refused with a sentence that says why.
 */

#include "protocol/url.h"

#include "tests/check.h"

#include <errno.h>

struct good {
   const char *text;
   struct tongs_url url;
};

static const struct good good[] = {
   {"unix:/run/tongs.sock", {.transport = TONGS_TRANSPORT_UNIX, .path = "/run/tongs.sock"}},
   {"unix:a", {.transport = TONGS_TRANSPORT_UNIX, .path = "a"}},
   {"unix:a:b", {.transport = TONGS_TRANSPORT_UNIX, .path = "a:b"}},
   {"tcp:localhost:1", {.transport = TONGS_TRANSPORT_TCP, .host = "localhost", .port = 1}},
   {"tcp:10.0.0.1:65535", {.transport = TONGS_TRANSPORT_TCP, .host = "10.0.0.1", .port = 65535}},
   {"tcp:[::1]:7777", {.transport = TONGS_TRANSPORT_TCP, .host = "::1", .port = 7777}},
   {"vsock:2:7777", {.transport = TONGS_TRANSPORT_VSOCK, .cid = 2, .port = 7777}},
   {"vsock:4294967295:4294967295",
    {.transport = TONGS_TRANSPORT_VSOCK, .cid = 4294967295u, .port = 4294967295u}},
   {"vsock:/run/v.sock:7777",
    {.transport = TONGS_TRANSPORT_VSOCK, .path = "/run/v.sock", .port = 7777}},
   {"vsock:/a:b:1", {.transport = TONGS_TRANSPORT_VSOCK, .path = "/a:b", .port = 1}},
   {"virtgpu", {.transport = TONGS_TRANSPORT_VIRTGPU}},
   {"virtgpu:/dev/dri/renderD128",
    {.transport = TONGS_TRANSPORT_VIRTGPU, .path = "/dev/dri/renderD128"}},
   {"spawn", {.transport = TONGS_TRANSPORT_SPAWN}},
};

struct bad {
   const char *text;
   const char *why; /* a part of the sentence */
};

static const struct bad bad[] = {
   {"", "empty"},
   {"unix", "write unix:PATH"},
   {"unix:", "lacks the socket's path"},
   {"Unix:/a", "names no transport"},
   {"unixx:/a", "names no transport"},
   {":", "names no transport"},
   {"/run/tongs.sock", "names no transport"},
   {"tcp", "write tcp:HOST:PORT"},
   {"tcp:localhost", "lacks a port"},
   {"tcp::1", "lacks a host"},
   {"tcp:[]:1", "lacks a host"},
   {"tcp:::1:7777", "brackets"},
   {"tcp:[::1]", "]:PORT"},
   {"tcp:[::1:7777", "]:PORT"},
   {"tcp:h:", "is no port"},
   {"tcp:h:0", "is no port"},
   {"tcp:h:65536", "is no port"},
   {"tcp:h:+1", "is no port"},
   {"tcp:h: 1", "is no port"},
   {"tcp:h:0x10", "is no port"},
   {"tcp:h:99999999999999999999", "is no port"},
   {"vsock", "write vsock:CID:PORT"},
   {"vsock:2", "lacks a port"},
   {"vsock::1", "context id"},
   {"vsock:host:1", "context id"},
   {"vsock:4294967296:1", "context id"},
   {"vsock:00000000000000000002:1", "context id"},
   {"vsock:2:x", "32-bit port"},
   {"vsock:/run/v.sock", "lacks a port"},
   {"vsock:/run/v.sock:", "32-bit port"},
   {"vsock:run/v.sock:1", "context id"},
   {"virtgpu:", "is no render node"},
   {"virtgpu:renderD128", "is no render node"},
   {"spawn:", "takes nothing after it"},
   {"spawn:x", "takes nothing after it"},
};

/* Says which text it is about. */
#define EXPECT(condition, text, sentence) \
   CHECK_THAT(condition, "\"%s\": not so: %s", text, sentence)

static void
good_urls_parse_and_come_back(void)
{
   for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
      const struct good *g = &good[i];
      struct tongs_url url;
      char why[160] = "", text[TONGS_URL_TEXT_SIZE];

      memset(&url, 0xa5, sizeof(url));
      EXPECT(tongs_url_parse(g->text, &url, why, sizeof(why)) == 0, g->text, "it is accepted");
      EXPECT(why[0] == '\0', g->text, "nothing is complained about");
      EXPECT(url.transport == g->url.transport, g->text, "the transport is right");
      EXPECT(!strcmp(url.path, g->url.path), g->text, "the path is right");
      EXPECT(!strcmp(url.host, g->url.host), g->text, "the host is right");
      EXPECT(url.cid == g->url.cid, g->text, "the context id is right");
      EXPECT(url.port == g->url.port, g->text, "the port is right");
      tongs_url_format(&url, text, sizeof(text));
      EXPECT(!strcmp(text, g->text), g->text, "it comes back as the same text");
   }
}

static void
bad_urls_are_refused_with_a_reason(void)
{
   for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
      struct tongs_url url, before;
      char why[160] = "";

      memset(&before, 0xa5, sizeof(before));
      url = before;
      EXPECT(tongs_url_parse(bad[i].text, &url, why, sizeof(why)) == -EINVAL, bad[i].text,
             "it is refused");
      EXPECT(strstr(why, bad[i].why), bad[i].text, why);
      EXPECT(!memcmp(&url, &before, sizeof(url)), bad[i].text, "the output is left alone");
   }
}

static void
a_path_must_fit_a_socket_address(void)
{
   struct tongs_url url;
   char text[200] = "unix:", why[160];

   memset(text + 5, 'a', TONGS_URL_PATH_SIZE - 1);
   EXPECT(tongs_url_parse(text, &url, why, sizeof(why)) == 0, text, "107 characters fit");
   text[5 + TONGS_URL_PATH_SIZE - 1] = 'a';
   EXPECT(tongs_url_parse(text, &url, why, sizeof(why)) == -EINVAL, text, "108 do not");
   EXPECT(strstr(why, "108 characters; 107 is the most"), text, why);
}

static void
long_names_never_overflow(void)
{
   static const char *const heads[] = {
      "unix:", "tcp:", "tcp:[", "vsock:", "vsock:1:", "vsock:/", "virtgpu:/", "spawn:", ""};
   static const char *const tails[] = {"", ":1", "]:1"};
   char text[4096], why[20];
   struct tongs_url url;

   for (size_t h = 0; h < sizeof(heads) / sizeof(heads[0]); h++) {
      for (size_t t = 0; t < sizeof(tails) / sizeof(tails[0]); t++) {
         char middle[3001];

         memset(middle, '1', sizeof(middle) - 1);
         middle[sizeof(middle) - 1] = '\0';
         snprintf(text, sizeof(text), "%s%s%s", heads[h], middle, tails[t]);
         EXPECT(tongs_url_parse(text, &url, why, sizeof(why)) == -EINVAL, heads[h],
                "3,000 characters are refused");
         EXPECT(strlen(why) < sizeof(why), heads[h], "the reason is cut to its buffer");
      }
   }
}

static void
what_is_not_carried_says_so(void)
{
   for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
      char why[400] = "";
      int ret = tongs_url_check_carried(&good[i].url, why, sizeof(why));

      if (good[i].url.transport == TONGS_TRANSPORT_UNIX ||
          good[i].url.transport == TONGS_TRANSPORT_VSOCK ||
          good[i].url.transport == TONGS_TRANSPORT_VIRTGPU ||
          good[i].url.transport == TONGS_TRANSPORT_SPAWN) {
         EXPECT(ret == 0, good[i].text, "it is carried");
      } else {
         EXPECT(ret == -EPROTONOSUPPORT, good[i].text, "it is not carried");
         EXPECT(strstr(why, "not supported by this build yet"), good[i].text, why);
         EXPECT(strstr(why, good[i].text), good[i].text, "the reason names it");
      }
   }
}

int
main(void)
{
   check_run(good_urls_parse_and_come_back);
   check_run(bad_urls_are_refused_with_a_reason);
   check_run(a_path_must_fit_a_socket_address);
   check_run(long_names_never_overflow);
   check_run(what_is_not_carried_says_so);
   return check_end();
}
