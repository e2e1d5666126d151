/* SPDX-License-Identifier: MIT */

#include "protocol/url.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
   const char *name;
   const char *form;
   bool carried;
} transports[] = {
   [TONGS_TRANSPORT_UNIX] = {"unix", "unix:PATH", true},
   [TONGS_TRANSPORT_TCP] = {"tcp", "tcp:HOST:PORT", false},
   [TONGS_TRANSPORT_VSOCK] = {"vsock", "vsock:CID:PORT", true},
   [TONGS_TRANSPORT_VIRTGPU] = {"virtgpu", "virtgpu[:/dev/dri/renderDN]", true},
   [TONGS_TRANSPORT_SPAWN] = {"spawn", "spawn", true},
};

#define TRANSPORT_COUNT (sizeof(transports) / sizeof(transports[0]))

/* The buffer for the sentence that says why a URL is invalid. */
struct complaint {
   char *text;
   size_t size;
};

static int __attribute__((format(printf, 2, 3)))
complain(struct complaint why, const char *format, ...)
{
   va_list args;

   va_start(args, format);
   vsnprintf(why.text, why.size, format, args);
   va_end(args);
   return -EINVAL;
}

/* strtoul takes blanks, signs and other bases: none of them belongs here. */
static bool
parse_u32(const char *text, uint32_t *value)
{
   uint64_t v = 0;

   if (!*text)
      return false;
   for (; *text; text++) {
      if (*text < '0' || *text > '9')
         return false;
      v = v * 10 + (uint64_t)(*text - '0');
      if (v > UINT32_MAX)
         return false;
   }
   *value = (uint32_t)v;
   return true;
}

static int
parse_path(const char *text, struct tongs_url *url, struct complaint why)
{
   size_t len = strlen(text);

   if (len >= sizeof(url->path))
      return complain(why, "the path in \"%s:%.40s...\" has %zu characters; %zu is the most",
                      transports[url->transport].name, text, len, sizeof(url->path) - 1);
   memcpy(url->path, text, len + 1);
   return 0;
}

static int
parse_unix(const char *rest, struct tongs_url *url, struct complaint why)
{
   if (!*rest)
      return complain(why, "\"unix:\" lacks the socket's path; write unix:PATH");
   return parse_path(rest, url, why);
}

static int
parse_tcp(const char *rest, struct tongs_url *url, struct complaint why)
{
   const char *host = rest;
   const char *host_end;
   const char *port;

   if (*rest == '[') {
      host++;
      host_end = strchr(host, ']');
      if (!host_end || host_end[1] != ':')
         return complain(why, "\"tcp:%.80s\" lacks \"]:PORT\"; write tcp:[ADDRESS]:PORT", rest);
      port = host_end + 2;
   } else {
      host_end = strrchr(rest, ':');
      if (!host_end)
         return complain(why, "\"tcp:%.80s\" lacks a port; write tcp:HOST:PORT", rest);
      if (memchr(rest, ':', (size_t)(host_end - rest)))
         return complain(why,
                         "\"tcp:%.80s\" has too many colons; an IPv6 address goes in "
                         "brackets, tcp:[ADDRESS]:PORT",
                         rest);
      port = host_end + 1;
   }

   size_t len = (size_t)(host_end - host);
   if (len == 0)
      return complain(why, "\"tcp:%.80s\" lacks a host; write tcp:HOST:PORT", rest);
   if (len >= sizeof(url->host))
      return complain(why, "the host in \"tcp:%.40s...\" is too long", rest);
   if (!parse_u32(port, &url->port) || url->port == 0 || url->port > 65535)
      return complain(why, "\"%.40s\" in \"tcp:%.80s\" is no port from 1 to 65535", port, rest);
   memcpy(url->host, host, len);
   return 0;
}

static int
parse_vsock(const char *rest, struct tongs_url *url, struct complaint why)
{
   const char *colon = strrchr(rest, ':');
   char cid[16];

   if (!colon)
      return complain(why, "\"vsock:%.80s\" lacks a port; write vsock:CID:PORT", rest);
   if (!parse_u32(colon + 1, &url->port))
      return complain(why, "\"%.40s\" in \"vsock:%.80s\" is no 32-bit port", colon + 1, rest);

   size_t len = (size_t)(colon - rest);
   if (*rest == '/') {
      if (len >= sizeof(url->path))
         return complain(why, "the path in \"vsock:%.40s...\" is too long", rest);
      memcpy(url->path, rest, len);
      return 0;
   }
   snprintf(cid, sizeof(cid), "%.*s", (int)(len < sizeof(cid) ? len : sizeof(cid) - 1), rest);
   if (len >= sizeof(cid) || !parse_u32(cid, &url->cid))
      return complain(why, "\"%s\" in \"vsock:%.80s\" is no 32-bit context id", cid, rest);
   return 0;
}

static int
parse_virtgpu(const char *rest, struct tongs_url *url, struct complaint why)
{
   if (!rest)
      return 0;
   if (*rest != '/')
      return complain(why, "\"%.80s\" is no render node; write virtgpu:/dev/dri/renderDN", rest);
   return parse_path(rest, url, why);
}

int
tongs_url_parse(const char *text, struct tongs_url *url, char *why, size_t why_size)
{
   struct complaint complaint = {why, why_size};
   struct tongs_url parsed = {0};
   size_t name_len = strcspn(text, ":");
   const char *rest = text[name_len] ? text + name_len + 1 : NULL;
   size_t i;
   int ret = 0;

   if (!*text)
      return complain(complaint, "the server's name is empty");
   for (i = 0; i < TRANSPORT_COUNT; i++) {
      if (strlen(transports[i].name) == name_len && !memcmp(transports[i].name, text, name_len))
         break;
   }
   if (i == TRANSPORT_COUNT)
      return complain(complaint,
                      "\"%.80s\" names no transport; write unix:PATH, tcp:HOST:PORT, "
                      "vsock:CID:PORT, virtgpu or spawn",
                      text);
   parsed.transport = (enum tongs_transport)i;
   if (!rest && i != TONGS_TRANSPORT_SPAWN && i != TONGS_TRANSPORT_VIRTGPU)
      return complain(complaint, "\"%s\" alone says too little; write %s", text,
                      transports[i].form);

   switch (parsed.transport) {
   case TONGS_TRANSPORT_UNIX:
      ret = parse_unix(rest, &parsed, complaint);
      break;
   case TONGS_TRANSPORT_TCP:
      ret = parse_tcp(rest, &parsed, complaint);
      break;
   case TONGS_TRANSPORT_VSOCK:
      ret = parse_vsock(rest, &parsed, complaint);
      break;
   case TONGS_TRANSPORT_VIRTGPU:
      ret = parse_virtgpu(rest, &parsed, complaint);
      break;
   case TONGS_TRANSPORT_SPAWN:
      if (rest)
         ret =
            complain(complaint, "\"spawn\" takes nothing after it, but \"%.80s\" was given", text);
      break;
   }
   if (ret == 0)
      *url = parsed;
   return ret;
}

int
tongs_url_check_carried(const struct tongs_url *url, char *why, size_t why_size)
{
   char text[TONGS_URL_TEXT_SIZE];

   if (transports[url->transport].carried)
      return 0;
   tongs_url_format(url, text, sizeof(text));
   snprintf(why, why_size,
            "not supported by this build yet: %s (unix:, vsock:, virtgpu and spawn are)", text);
   return -EPROTONOSUPPORT;
}

void
tongs_url_format(const struct tongs_url *url, char *text, size_t size)
{
   const char *name = transports[url->transport].name;
   bool brackets = strchr(url->host, ':');

   switch (url->transport) {
   case TONGS_TRANSPORT_UNIX:
      snprintf(text, size, "%s:%s", name, url->path);
      break;
   case TONGS_TRANSPORT_TCP:
      snprintf(text, size, brackets ? "%s:[%s]:%u" : "%s:%s:%u", name, url->host, url->port);
      break;
   case TONGS_TRANSPORT_VSOCK:
      if (url->path[0])
         snprintf(text, size, "%s:%s:%u", name, url->path, url->port);
      else
         snprintf(text, size, "%s:%u:%u", name, url->cid, url->port);
      break;
   case TONGS_TRANSPORT_VIRTGPU:
      snprintf(text, size, "%s%s%s", name, url->path[0] ? ":" : "", url->path);
      break;
   case TONGS_TRANSPORT_SPAWN:
      snprintf(text, size, "%s", name);
      break;
   }
}

const char *
tongs_transport_name(enum tongs_transport transport)
{
   return transports[transport].name;
}
